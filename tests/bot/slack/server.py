"""A small Slack on loopback: the Web API, Socket Mode and signed requests, with faults to order."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from tests.bot.slack.block_kit import message_problems, view_problems

BOT, BOT_ID, TEAM, APP = "UBOT", "BBOT", "T1", "A1"
BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-of-the-bot", "xapp-of-the-app", "signing-secret"
Body = dict[str, Any]


@dataclass
class Message:
    """A message as it stands."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Body] = field(default_factory=list)
    thread: str = ""
    metadata: Body | None = None
    edits: list[str] = field(default_factory=list)
    only_for: str = ""

    def as_slack_says(self) -> Body:
        said: Body = {"ts": self.ts, "user": self.user, "text": self.text, "blocks": self.blocks}
        if self.thread:
            said["thread_ts"] = self.thread
        if self.metadata:
            said["metadata"] = self.metadata
        return said


class FakeSlack:
    """The server. ``messages`` are public, ``private`` are what one person sees."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.private: list[Message] = []
        self.reactions: list[tuple[str, str, str]] = []
        self.modals: list[Body] = []
        self.homes: dict[str, Body] = {}
        self.files: dict[str, str] = {}
        self.shared_files: list[tuple[str, str]] = []
        self.admins: set[str] = set()
        self.zones: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        self.problems: list[str] = []
        self.acknowledged: Counter[str] = Counter()
        self.tickets_refused = 0
        self.rate_limits: Counter[str] = Counter()
        self.errors: dict[str, str] = {}
        self.not_in: set[str] = set()
        self.broken_posts: list[str] = []
        """For each of the next posts: "" takes it, "lost" drops it with its connection, "kept" the connection alone."""
        self.delay = 0.0
        self.pace = 0.0
        """Seconds between two posts in a channel; what comes sooner is refused for the rate."""
        self._posted_at: dict[str, float] = {}
        self.dead_responses = False
        self._ids = itertools.count(1)
        self._last = 0.0
        self._sockets: list[web.WebSocketResponse] = []
        self._tickets: set[str] = set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/api/{method}", self._api)
        application.router.add_get("/socket", self._socket)
        application.router.add_post("/upload/{file}", self._upload)
        application.router.add_post("/respond/{channel}/{user}", self._respond)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.hang_up()
        assert self._runner is not None
        await self._runner.cleanup()

    # Addresses

    @property
    def _address(self) -> str:
        assert self._runner is not None
        return f"127.0.0.1:{self._runner.addresses[0][1]}"

    @property
    def api(self) -> str:
        return f"http://{self._address}/api/"

    def response_url(self, channel: str, user: str) -> str:
        return f"http://{self._address}/respond/{channel}/{user}"

    def next_id(self) -> str:
        return f"id{next(self._ids)}"

    def now(self) -> str:
        self._last = max(time.time(), self._last + 0.00001)
        return f"{self._last:.6f}"

    # What people do

    def write(self, channel: str, user: str, text: str, thread: str = "") -> Message:
        """A person's message, which stands there; nothing is delivered yet."""
        message = Message(channel, self.now(), user, text, thread=thread)
        self.messages.append(message)
        return message

    def event(self, message: Message, kind: str = "message", **more: object) -> Body:
        """The event of a message."""
        event: Body = {
            "type": kind,
            "user": message.user,
            "text": message.text,
            "ts": message.ts,
            "channel": message.channel,
            "event_ts": message.ts,
        }
        if kind == "message":
            event["channel_type"] = "im" if message.channel.startswith("D") else "channel"
        if message.thread:
            event["thread_ts"] = message.thread
        return self.envelope(event | more)

    def envelope(self, event: Body) -> Body:
        return {
            "type": "event_callback",
            "team_id": TEAM,
            "api_app_id": APP,
            "event_id": self.next_id(),
            "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
            "event": event,
        }

    def command(self, name: str, text: str, user: str, channel: str) -> Body:
        return {
            "command": name,
            "text": text,
            "user_id": user,
            "channel_id": channel,
            "team_id": TEAM,
            "api_app_id": APP,
            "trigger_id": self.next_id(),
            "response_url": self.response_url(channel, user),
        }

    def press(self, button: Body, message: Message, user: str) -> Body:
        container: Body = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
        if message.thread:
            container["thread_ts"] = message.thread
        body: Body = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "api_app_id": APP,
            "channel": {"id": message.channel},
            "container": container | {"is_ephemeral": bool(message.only_for)},
            "trigger_id": self.next_id(),
            "response_url": self.response_url(message.channel, user),
            "actions": [
                {
                    "type": "button",
                    "action_id": button["action_id"],
                    "block_id": "b",
                    "value": button["value"],
                    "action_ts": self.now(),
                }
            ],
        }
        if not message.only_for:
            body["message"] = message.as_slack_says()
        return body

    def shortcut(self, message: Message, user: str) -> Body:
        return {
            "type": "message_action",
            "callback_id": "ask_about_this",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "channel": {"id": message.channel},
            "message": message.as_slack_says(),
            "message_ts": message.ts,
            "trigger_id": self.next_id(),
            "response_url": self.response_url(message.channel, user),
        }

    def submission(self, modal: Body, user: str, reason: str | None) -> Body:
        option = {"value": reason} if reason else None
        (block,) = modal["blocks"]
        return {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "view": {
                **modal,
                "id": self.next_id(),
                "state": {"values": {block["block_id"]: {block["element"]["action_id"]: {"selected_option": option}}}},
            },
        }

    # Delivery

    async def deliver(self, payload: Body, *, kind: str = "", times: int = 1) -> str:
        """Send something over the socket, and wait until it is acknowledged; several times, at once."""
        kind = kind or _kind(payload)
        envelopes = [self.next_id() for _ in range(times)]
        for attempt, envelope in enumerate(envelopes):
            said: Body = {
                "type": kind,
                "envelope_id": envelope,
                "payload": payload,
                "accepts_response_payload": kind != "events_api",
            }
            if kind == "events_api" and attempt:
                said |= {"retry_attempt": attempt, "retry_reason": "timeout"}
            await self.send(said)
        await self.until(lambda: all(self.acknowledged[envelope] for envelope in envelopes))
        return envelopes[-1]

    async def push(self, payload: Body, place: int) -> None:
        """Send something to one of the connections, and wait for nothing."""
        said = {"type": _kind(payload), "envelope_id": self.next_id(), "payload": payload}
        await self._open()[place].send_str(json.dumps(said | {"accepts_response_payload": False}))

    async def send(self, said: Body) -> None:
        """Say something over the newest socket."""
        await self.until(lambda: bool(self._open()))
        await self._open()[-1].send_str(json.dumps(said))

    async def hang_up(self) -> None:
        """Break all connections."""
        for socket in self._sockets:
            await socket.close()

    @property
    def connections(self) -> int:
        return len(self._open())

    async def until(self, so: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for something."""
        async with asyncio.timeout(seconds):
            while not so():
                await asyncio.sleep(0.01)

    def _open(self) -> list[web.WebSocketResponse]:
        return [socket for socket in self._sockets if not socket.closed]

    # What stands

    def by_bot(self, channel: str = "", thread: str | None = None) -> list[Message]:
        """The bot's public messages."""
        return [
            message
            for message in self.messages
            if message.user == BOT and channel in {"", message.channel} and (thread is None or message.thread == thread)
        ]

    # The Web API

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        self.calls[method] += 1
        arguments: Body = dict(request.query)
        if request.content_type == "application/json":
            arguments |= await request.json()
        else:
            arguments |= dict(await request.post())
        if self.rate_limits[method] > 0 or (method == "chat.postMessage" and self._too_soon(arguments["channel"])):
            self.rate_limits[method] -= self.rate_limits[method] > 0
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "0"})
        wanted = APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN
        if request.headers.get("Authorization") != f"Bearer {wanted}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        if method in self.errors:
            return web.json_response({"ok": False, "error": self.errors[method]})
        if method == "chat.postMessage" and arguments["channel"] in self.not_in:
            return web.json_response({"ok": False, "error": "not_in_channel"})
        if self.delay:
            await asyncio.sleep(self.delay)
        fault = self.broken_posts.pop(0) if method == "chat.postMessage" and self.broken_posts else ""
        answered = {} if fault == "lost" else getattr(self, "_" + method.replace(".", "_"))(arguments)
        if fault:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return web.json_response({"ok": True} | answered)

    def _too_soon(self, channel: str) -> bool:
        now = time.monotonic()
        if now < self._posted_at.get(channel, 0.0) + self.pace:
            return True
        self._posted_at[channel] = now
        return False

    def _auth_test(self, _: Body) -> Body:
        return {"team_id": TEAM, "team": "Team", "user_id": BOT, "bot_id": BOT_ID, "user": "backchannel", "url": "x"}

    def _apps_connections_open(self, _: Body) -> Body:
        ticket = self.next_id()
        self._tickets.add(ticket)
        return {"url": f"ws://{self._address}/socket?ticket={ticket}"}

    def _chat_postMessage(self, said: Body) -> Body:  # noqa: N802 (Slack's name)
        self.problems += message_problems(said)
        metadata = said.get("metadata")
        message = Message(
            said["channel"],
            self.now(),
            BOT,
            said["text"],
            said.get("blocks", []),
            said.get("thread_ts") or "",
            json.loads(metadata) if isinstance(metadata, str) else metadata,
        )
        self.messages.append(message)
        return {"channel": message.channel, "ts": message.ts, "message": message.as_slack_says()}

    def _chat_postEphemeral(self, said: Body) -> Body:  # noqa: N802
        self.problems += message_problems(said)
        ts = self.now()
        self.private.append(
            Message(
                said["channel"],
                ts,
                BOT,
                said["text"],
                said.get("blocks", []),
                said.get("thread_ts") or "",
                only_for=said["user"],
            )
        )
        return {"message_ts": ts}

    def _chat_update(self, said: Body) -> Body:
        self.problems += message_problems(said)
        (message,) = [m for m in self.messages if (m.channel, m.ts) == (said["channel"], said["ts"])]
        message.edits.append(message.text)
        message.text, message.blocks = said["text"], said["blocks"]
        return {"channel": message.channel, "ts": message.ts}

    def _conversations_replies(self, asked: Body) -> Body:
        return self._history(asked, lambda m: asked["ts"] in {m.ts, m.thread})

    def _conversations_history(self, asked: Body) -> Body:
        return self._history(asked, lambda m: not m.thread)

    def _history(self, asked: Body, belongs: Callable[[Message], bool]) -> Body:
        found = [
            m.as_slack_says()
            for m in self.messages
            if m.channel == asked["channel"] and belongs(m) and float(m.ts) >= float(asked.get("oldest", 0))
        ]
        if str(asked.get("include_all_metadata")).lower() not in {"1", "true"}:
            found = [{key: value for key, value in m.items() if key != "metadata"} for m in found]
        start, most = int(asked.get("cursor") or 0), 3
        following = str(start + most) if len(found) > start + most else ""
        return {"messages": found[start : start + most], "response_metadata": {"next_cursor": following}}

    def _conversations_open(self, asked: Body) -> Body:
        return {"channel": {"id": f"D{asked['users']}"}}

    def _users_info(self, asked: Body) -> Body:
        tz = {"tz": self.zones[asked["user"]]} if asked["user"] in self.zones else {}
        return {"user": {"id": asked["user"], "team_id": TEAM, "is_admin": asked["user"] in self.admins} | tz}

    def _reactions_add(self, said: Body) -> Body:
        self.reactions.append(("add", said["timestamp"], said["name"]))
        return {}

    def _reactions_remove(self, said: Body) -> Body:
        self.reactions.append(("remove", said["timestamp"], said["name"]))
        return {}

    def _views_open(self, said: Body) -> Body:
        view = json.loads(said["view"]) if isinstance(said["view"], str) else said["view"]
        self.problems += view_problems(view)
        self.modals.append(view)
        return {"view": {"id": "V1"}}

    def _views_publish(self, said: Body) -> Body:
        view = json.loads(said["view"]) if isinstance(said["view"], str) else said["view"]
        self.problems += view_problems(view)
        self.homes[said["user_id"]] = view
        return {"view": {"id": "V2"}}

    def _files_getUploadURLExternal(self, said: Body) -> Body:  # noqa: N802
        return {"upload_url": f"http://{self._address}/upload/{said['filename']}", "file_id": said["filename"]}

    def _files_completeUploadExternal(self, said: Body) -> Body:  # noqa: N802
        files = json.loads(said["files"]) if isinstance(said["files"], str) else said["files"]
        self.shared_files += [(said["channel_id"], file["id"]) for file in files]
        return {"files": files}

    async def _upload(self, request: web.Request) -> web.Response:
        self.files[request.match_info["file"]] = (await request.read()).decode()
        return web.Response(text="OK")

    async def _respond(self, request: web.Request) -> web.Response:
        said = await request.json()
        if self.dead_responses:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        self.problems += message_problems(said)
        channel, user = request.match_info["channel"], request.match_info["user"]
        self.private.append(Message(channel, self.now(), BOT, said["text"], said.get("blocks", []), only_for=user))
        return web.Response(text="ok")

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query["ticket"]
        if self.tickets_refused > 0 or ticket not in self._tickets:
            self.tickets_refused -= 1
            return web.Response(status=408)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"type": "hello", "num_connections": 1}))
        self._sockets.append(socket)
        with contextlib.suppress(ConnectionError):
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self.acknowledged[json.loads(message.data)["envelope_id"]] += 1
        return socket


def _kind(payload: Body) -> str:
    if payload.get("type") == "event_callback":
        return "events_api"
    return "slash_commands" if "command" in payload else "interactive"


def signed(payload: Body, *, secret: str = SECRET, age: float = 0) -> tuple[str, dict[str, str]]:
    """A body and headers as Slack sends them in HTTP mode."""
    if _kind(payload) == "events_api" or payload.get("type") == "url_verification":
        body, kind = json.dumps(payload), "application/json"
    else:
        form = payload if "command" in payload else {"payload": json.dumps(payload)}
        body, kind = urlencode(form), "application/x-www-form-urlencoded"
    timestamp = str(int(time.time() - age))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return body, {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
    }
