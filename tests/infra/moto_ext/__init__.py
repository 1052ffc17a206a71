"""What moto's server lacks of the AWS API for our stack, one file per service.

Each file adds operations to moto's own classes under the names that moto dispatches to, so that any of them can go
upstream as it is: a method body moves into moto's class, and the decorator goes. Nothing here knows our product.

`python -m tests.infra.moto_ext --port 5000` serves moto with all of it.
"""
