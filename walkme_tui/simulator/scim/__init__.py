"""The SCIM 2.0 surface of the simulated account (RFC 7643 and 7644), at ``/scim/v2``."""
