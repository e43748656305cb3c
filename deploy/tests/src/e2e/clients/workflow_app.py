"""An app with the official client in Python: FastAPI, one route per scenario, and what it saw of each run under /seen/{run}.

Its port is the first line it prints. It ends with whoever started it, that is when its stdin does.
"""

import json
import os
import socket
import sys
import threading
import time
from typing import Any, Dict

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from upstash_workflow import AsyncWorkflowContext
from upstash_workflow.fastapi import Serve

app = FastAPI()
serve = Serve(app)
seen: Dict[str, Dict[str, Any]] = {}


def journal(run_id: str) -> Dict[str, Any]:
    fresh = {"calls": 0, "retried": [], "executions": {}, "bytes": [], "mine": []}
    return seen.setdefault(run_id, fresh)


def ran(context: AsyncWorkflowContext, name: str, value: Any) -> Any:
    executions = journal(context.workflow_run_id)["executions"]
    executions[name] = executions.get(name, 0) + 1
    return value


@app.middleware("http")
async def note(request: Request, call_next: Any) -> Any:
    run_id = request.headers.get("upstash-workflow-runid")
    if run_id is not None:
        noted = journal(run_id)
        noted["calls"] += 1
        noted["retried"].append(int(request.headers.get("upstash-retried", "0")))
        noted["bytes"].append(int(request.headers.get("content-length", "0")))
        noted["mine"].append(request.headers.get("x-mine"))
    response = await call_next(request)
    # The client knows no delay of retries: the app says it itself, as any app may.
    if response.status_code >= 500:
        response.headers["retry-after"] = "0"
    return response


@app.get("/seen/{run_id:path}")
async def read_seen(run_id: str) -> JSONResponse:
    return JSONResponse(journal(run_id))


async def failed(context: AsyncWorkflowContext, status: int, message: str, _headers: Dict[str, str]) -> None:
    journal(context.workflow_run_id)["failure"] = {"message": message, "status": status}


async def resulting(context: AsyncWorkflowContext, value: Any) -> Any:
    async def step() -> Any:
        return ran(context, "result", value)

    return await context.run("result", step)


def input_of(context: AsyncWorkflowContext) -> Any:
    return (context.request_payload or {}).get("input")


@serve.post("/steps", failure_function=failed)
async def steps(context: AsyncWorkflowContext) -> None:
    async def first() -> int:
        return ran(context, "one", 1)

    one = await context.run("one", first)

    async def second() -> Dict[str, Any]:
        return ran(context, "two", {"more": one + 1, "text": "größer"})

    two = await context.run("two", second)
    await resulting(context, [one, two])


@serve.post("/naps")
async def naps(context: AsyncWorkflowContext) -> None:
    async def earlier() -> float:
        return ran(context, "before", time.time())

    before = await context.run("before", earlier)
    await context.sleep("nap", 1)
    await context.sleep_until("nap-until", int(time.time()) + 1)

    async def later() -> float:
        return ran(context, "after", time.time() - before)

    slept = await context.run("after", later)
    await resulting(context, slept >= 1)


@serve.post("/call")
async def call(context: AsyncWorkflowContext) -> None:
    answer = await context.call(
        "call", url=input_of(context), method="POST", body={"question": "größer?"}
    )
    await resulting(context, {"status": answer.status, "body": answer.body})


@serve.post("/call-fails")
async def call_fails(context: AsyncWorkflowContext) -> None:
    answer = await context.call("call", url=input_of(context))
    await resulting(context, answer.status)


@serve.post("/flaky")
async def flaky(context: AsyncWorkflowContext) -> None:
    async def step() -> int:
        ran(context, "flaky", None)
        count = journal(context.workflow_run_id)["executions"]["flaky"]
        if count <= input_of(context):
            raise RuntimeError(f"attempt {count} fails")
        return count

    await resulting(context, await context.run("flaky", step))


@serve.post("/doomed", failure_function=failed, retries=1)
async def doomed(context: AsyncWorkflowContext) -> None:
    async def step() -> None:
        ran(context, "doomed", None)
        raise RuntimeError("by intention")

    await context.run("doomed", step)


@serve.post("/sleepy")
async def sleepy(context: AsyncWorkflowContext) -> None:
    await context.sleep("long", "1h")
    await resulting(context, "never")


@serve.post("/large")
async def large(context: AsyncWorkflowContext) -> None:
    async def step() -> str:
        return ran(context, "large", "x" * input_of(context))

    text = await context.run("large", step)
    await resulting(context, len(text))


def end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    server.run(sockets=[listening])
