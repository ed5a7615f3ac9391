def context(*, invalid):
    return {}
