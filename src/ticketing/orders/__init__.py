"""From a held seat to a sold one: intake, fulfilment, settlement, cancellation."""
