from hypothesis import settings

# No deadline: the machines that run these are shared.
settings.register_profile("shared", deadline=None, max_examples=60)
settings.load_profile("shared")
