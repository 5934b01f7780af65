"""A gateway inside the kernel that streams at a known rate, as source of a cell."""

STREAM = """
import asyncio, json, time
import httpx
import respan_lab as lab

class Body(httpx.AsyncByteStream):
    def __init__(self, n, rate):
        self.n, self.rate = n, rate

    async def __aiter__(self):
        loop = asyncio.get_running_loop()
        start = loop.time() + 0.05
        for i in range(self.n):
            await asyncio.sleep(max(0, start + i / self.rate - loop.time()))
            yield self.event([{"index": 0, "delta": {"content": f"w{i} "}}])
        ended = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
        yield self.event(ended)
        counts = {"prompt_tokens": 3, "completion_tokens": self.n,
                  "total_tokens": self.n + 3}
        yield self.event([], usage=counts)
        yield b"data: [DONE]\\n\\n"

    def event(self, choices, **more):
        said = {"id": "c", "model": "m", "choices": choices, **more}
        return b"data: " + json.dumps(said).encode() + b"\\n\\n"

class Streaming(httpx.AsyncBaseTransport):
    def __init__(self, n, rate):
        self.n, self.rate = n, rate

    async def handle_async_request(self, request):
        if not request.url.path.endswith("/chat/completions"):
            return httpx.Response(200, json={})
        kind = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=kind, stream=Body(self.n, self.rate))

def client_of(n, rate):
    return lab.Client(None, "http://127.0.0.1:9/api", transport=Streaming(n, rate))
"""

# Notes when the shown answers' lengths change, in milliseconds of the wall clock.
WATCH = """() => {
  window.seen = [];
  const length = () => [...document.querySelectorAll(".rl-answer")]
    .reduce((sum, one) => sum + one.textContent.length, 0);
  const note = () => {
    const size = length();
    if (!seen.length || seen.at(-1)[1] !== size) {
      seen.push([performance.timeOrigin + performance.now(), size]);
    }
  };
  const watch = new MutationObserver(note);
  watch.observe(document.querySelector(".rl-lanes"),
    { subtree: true, childList: true, characterData: true });
}"""
