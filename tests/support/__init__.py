"""What tests share that is no part of the product: generated estates."""
