"""From a provider's answer to the caller's: plain or streamed, with its breakdown."""
