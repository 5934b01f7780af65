"""What a request asks for: its channels, merged and checked."""
