"""Who answers a request: which models, with whose key, how often, when."""
