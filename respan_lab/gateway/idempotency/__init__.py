"""`Idempotency-Key`: who asks again under the same key gets the answer already paid."""
