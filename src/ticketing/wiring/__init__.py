"""The only place that knows every room: builds clients and services, joins rooms by messages, makes the processes."""
