"""Parsing the DNS records for mail. Nothing here asks the DNS."""
