"""Backchannel: what people talk to. Settings, the service, renderers, and thin adapters around them."""
