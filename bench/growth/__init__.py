"""How cost grows: with seats, people, processes, and with orders in the database."""
