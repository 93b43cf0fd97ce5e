"""The users of the REST API compared with those of SCIM: pure rules and values."""
