"""The pages, by who reads them."""
