"""Messages to people: mail and, later, SMS. One file per transport."""
