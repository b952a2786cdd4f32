"""A small Discord over loopback: gateway, REST and the people in it. The library on the other side is the real one."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

Json = dict[str, Any]
EPOCH_MS = 1_420_070_400_000
TOKEN = "MTIz.token.of-the-bot"  # noqa: S105 (no real one)
BOT, GUILD, CHANNEL, QUIET = 900, 100, 200, 201
ADMIN = 7
"""The user who may manage the server."""
MANAGE_GUILD = 1 << 5
ALL_PERMISSIONS = str((1 << 50) - 1)
_counter = itertools.count(1)


def snowflake() -> str:
    """A new id; it tells the time, as Discord's do."""
    return str(((int(time.time() * 1000) - EPOCH_MS) << 22) + next(_counter) % (1 << 22))


@dataclass
class Fault:
    """What goes wrong with requests: an HTTP status, or ``None`` for a connection that breaks after they were done."""

    method: str
    path: str
    status: int | None
    times: int
    code: int = 0


@dataclass
class Pressed:
    """An interaction and what came of it."""

    id: str
    token: str
    data: Json
    replies: list[Json] = field(default_factory=list)
    callbacks: list[Json] = field(default_factory=list)
    refused: int = 0

    @property
    def private(self) -> bool:
        return any(int(reply.get("flags") or 0) & 64 for reply in self.replies)


@dataclass
class Session:
    id: str
    socket: web.WebSocketResponse | None = None
    packer: Any = None
    cut: Callable[[], None] = lambda: None
    sequence: int = 0
    sent: list[Json] = field(default_factory=list)

    async def send(self, payload: Json) -> None:
        if self.socket is not None and not self.socket.closed:
            data = self.packer.compress(json.dumps(payload).encode()) + self.packer.flush(zlib.Z_SYNC_FLUSH)
            with suppress(ConnectionError):  # kept for when it resumes
                await self.socket.send_bytes(data)

    async def dispatch(self, event: str, data: Json) -> None:
        self.sequence += 1
        payload = {"op": 0, "t": event, "s": self.sequence, "d": data}
        self.sent.append(payload)
        await self.send(payload)


class FakeDiscord:
    """Start it, connect a bot, be people."""

    def __init__(self) -> None:
        self.messages: dict[str, Json] = {}
        self.posted: list[Json] = []
        self.edits: list[Json] = []
        self.deleted: list[str] = []
        self.threads: dict[str, str] = {}
        self.interactions: dict[str, Pressed] = {}
        self.commands: list[Json] = []
        self.guild_commands: dict[str, list[Json]] = {}
        self.requests: list[tuple[str, str]] = []
        self.faults: deque[Fault] = deque()
        self.sessions: dict[str, Session] = {}
        self.identified: list[Json] = []
        self.resumed = 0
        self.heartbeats = 0
        self.typing = 0
        self.refuse_sockets = 0
        self.replicas = 1
        self.dead = False
        self.close_with: int | None = None
        self.heartbeat_ms = 40_000
        self.forbidden: set[str] = set()
        self._nonces: dict[str, Json] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    # Life

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/gateway", self._gateway)
        app.router.add_route("*", "/api/v10/{path:.*}", self._rest)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        for session in self.sessions.values():
            if session.socket is not None:
                await session.socket.close()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self._port}/api/v10"

    @property
    def gateway(self) -> str:
        return f"ws://127.0.0.1:{self._port}/gateway"

    # Faults

    def fail(self, method: str, path: str, status: int | None, times: int = 1, code: int = 0) -> None:
        """Let the next requests fail."""
        self.faults.append(Fault(method, path, status, times, code))

    async def drop(self, code: int = 1006) -> None:
        """Break all connections; those of 1006 without a word."""
        for session in self.sessions.values():
            if session.socket is not None and not session.socket.closed:
                if code == 1006:
                    session.cut()
                else:
                    await session.socket.close(code=code)

    async def order(self, op: int, data: object = None) -> None:
        """Send a gateway order such as 7, reconnect, or 9, invalid session."""
        for session in self.sessions.values():
            await session.send({"op": op, "d": data})

    # People

    async def say(
        self,
        text: str,
        *,
        user: int = 1,
        channel: int | str = CHANNEL,
        mention: bool = True,
        reply_to: Json | None = None,
        times: int = 1,
        direct: bool = False,
        bot: bool = False,
    ) -> Json:
        """A person writes; the bot is told so many times. It sees the text only where it is mentioned or alone."""
        pinged = mention and not direct
        content = f"<@{BOT}> {text}" if pinged else text
        message = {
            **_message(str(channel), content, person(user, bot=bot)),
            "mentions": [person(BOT, bot=True)] if pinged else [],
            "type": 19 if reply_to else 0,
        }
        if not direct:
            message |= {"guild_id": str(GUILD), "member": _member(user)}
        if reply_to:
            message["message_reference"] = {"message_id": reply_to["id"], "channel_id": str(channel)}
            message["referenced_message"] = {**reply_to, "content": "" if not direct else reply_to["content"]}
        if not direct and not pinged:
            message["content"] = ""
        self.messages[message["id"]] = message
        for _ in range(times):
            await self.tell("MESSAGE_CREATE", message)
        return message

    async def tell(self, event: str, data: Json) -> None:
        """Dispatch an event to every session, broken ones keep it for when they resume."""
        for session in self.sessions.values():
            await session.dispatch(event, data)

    async def command(
        self,
        name: str,
        options: Json | None = None,
        *,
        user: int = 1,
        channel: int | str = CHANNEL,
        direct: bool = False,
        times: int = 1,
        target: Json | None = None,
        focused: str | None = None,
    ) -> Pressed:
        """A person runs a command, or has it completed where an option is ``focused``."""
        kinds = {str: 3, int: 4, bool: 5}
        data: Json = {
            "id": "555",
            "name": name,
            "type": 3 if target else 1,
            "options": [
                {
                    "name": key,
                    "type": kinds[type(value)],
                    "value": value,
                    **({"focused": True} if key == focused else {}),
                }
                for key, value in (options or {}).items()
            ],
        }
        if target:
            data |= {"target_id": target["id"], "resolved": {"messages": {target["id"]: target}}}
        return await self._interact(4 if focused else 2, data, user, channel, direct, times)

    async def press(self, message: Json, label: str, *, user: int = 1, times: int = 1, direct: bool = False) -> Pressed:
        """A person presses a button."""
        button = next(b for b in buttons_of(message) if b["label"] == label)
        data = {"custom_id": button["custom_id"], "component_type": 2}
        return await self._interact(3, data, user, message["channel_id"], direct, times, message)

    async def submit(self, form: Json, value: str | None, *, user: int = 1) -> Pressed:
        """A person sends a form whose one field is a choice."""
        inner = form["components"][0]["component"]
        chosen = {"type": 3, "custom_id": inner["custom_id"], "values": [value] if value else []}
        data = {"custom_id": form["custom_id"], "components": [{"type": 18, "component": chosen}]}
        return await self._interact(5, data, user, CHANNEL, False, 1)

    async def _interact(
        self,
        kind: int,
        data: Json,
        user: int,
        channel: int | str,
        direct: bool,
        times: int,
        message: Json | None = None,
    ) -> Pressed:
        pressed = Pressed(snowflake(), f"token-{next(_counter)}", {**data, "_channel": str(channel)})
        self.interactions[pressed.token] = pressed
        event: Json = {
            "id": pressed.id,
            "application_id": str(BOT),
            "type": kind,
            "data": data,
            "token": pressed.token,
            "version": 1,
            "channel_id": str(channel),
            "channel": {"id": str(channel), "type": 1 if direct else 0, "name": "general"},
            "locale": "en-GB",
            "app_permissions": ALL_PERMISSIONS,
            "entitlements": [],
            "authorizing_integration_owners": {},
            "attachment_size_limit": 1000,
        }
        event |= {"user": person(user)} if direct else {"guild_id": str(GUILD), "member": _member(user, whole=True)}
        if message:
            event["message"] = message
        for _ in range(times):
            await self.tell("INTERACTION_CREATE", event)
        return pressed

    # Gateway

    async def _gateway(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            self.refuse_sockets -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        session = Session(snowflake(), socket, zlib.compressobj(), transport.abort)
        await session.send({"op": 10, "d": {"heartbeat_interval": self.heartbeat_ms}})
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            payload = json.loads(frame.data)
            match payload["op"]:
                case 1:
                    self.heartbeats += 1
                    if not self.dead:
                        await session.send({"op": 11})
                case 2:
                    await self._identify(session, payload["d"])
                case 6:
                    session = await self._resume(session, payload["d"])
        return socket

    async def _identify(self, session: Session, data: Json) -> None:
        assert session.socket is not None
        self.identified.append(data)
        if self.close_with or data["token"] != TOKEN:
            await session.socket.close(code=self.close_with or 4004)
            return
        others = self.sessions if len(self.sessions) < self.replicas else {}
        self.sessions = {**others, session.id: session}
        await session.dispatch(
            "READY",
            {
                "v": 10,
                "user": person(BOT, bot=True),
                "guilds": [{"id": str(GUILD), "unavailable": True}],
                "session_id": session.id,
                "resume_gateway_url": self.gateway,
                "application": {"id": str(BOT), "flags": 0},
                "shard": data.get("shard", [0, 1]),
            },
        )
        await session.dispatch("GUILD_CREATE", _guild())

    async def _resume(self, fresh: Session, data: Json) -> Session:
        old = self.sessions.get(data["session_id"])
        if old is None:
            await fresh.send({"op": 9, "d": False})
            return fresh
        self.resumed += 1
        old.socket, old.packer, old.cut = fresh.socket, fresh.packer, fresh.cut
        for payload in old.sent[data["seq"] :]:
            await old.send(payload)
        await old.dispatch("RESUMED", {})
        return old

    # REST

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        method, path = request.method, f"/{request.match_info['path']}"
        self.requests.append((method, path))
        fault = next((f for f in self.faults if f.method == method and re.fullmatch(f.path, path)), None)
        if fault:
            fault.times -= 1
            if not fault.times:
                self.faults.remove(fault)
            if fault.status == 429:
                body = {"message": "slow down", "retry_after": 0.01, "global": False}
                return said(body, status=429, headers={"Via": "1.1 fake"})
            if fault.status is not None:
                return refusal(fault.status, fault.code, "injected")
        if request.headers.get("Authorization") != f"Bot {TOKEN}" and not path.startswith(
            ("/webhooks", "/interactions")
        ):
            return refusal(401, 0, "401: Unauthorized")
        body = {**await _body(request), **({"_after": request.query["after"]} if "after" in request.query else {})}
        answer = await self._route(method, path, body)
        if fault and request.transport:
            request.transport.abort()  # it was done, and nobody hears of it
        return answer

    async def _route(self, method: str, path: str, body: Json) -> web.Response:
        table: list[tuple[str, str, Callable[..., Awaitable[web.Response]]]] = [
            ("GET", r"/users/@me", self._me),
            ("GET", r"/oauth2/applications/@me|/applications/@me", self._application),
            ("GET", r"/gateway/bot", self._gateway_bot),
            ("POST", r"/users/@me/channels", self._open_dm),
            ("POST", r"/channels/(\d+)/messages", self._create),
            ("GET", r"/channels/(\d+)/messages", self._history),
            ("PATCH", r"/channels/\d+/messages/(\d+)", self._edit),
            ("DELETE", r"/channels/\d+/messages/(\d+)", self._delete),
            ("POST", r"/channels/(\d+)/messages/(\d+)/threads", self._open_thread),
            ("POST", r"/channels/\d+/typing", self._typing),
            ("POST", r"/interactions/\d+/([\w-]+)/callback", self._callback),
            ("PATCH", r"/webhooks/\d+/([\w-]+)/messages/@original", self._original),
            ("POST", r"/webhooks/\d+/([\w-]+)", self._follow_up),
            ("GET", r"/applications/\d+/commands", self._list_commands),
            ("PUT", r"/applications/\d+/commands", self._put_commands),
            ("PUT", r"/applications/\d+/guilds/(\d+)/commands", self._put_guild_commands),
        ]
        for verb, pattern, handler in table:
            match = re.fullmatch(pattern, path)
            if verb == method and match:
                return await handler(body, *match.groups())
        raise AssertionError(f"the fake Discord has no {method} {path}")

    async def _me(self, body: Json) -> web.Response:
        return said(person(BOT, bot=True))

    async def _application(self, body: Json) -> web.Response:
        return said(
            {
                "id": str(BOT),
                "name": "Backchannel",
                "icon": None,
                "description": "",
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "0",
                "flags": 0,
                "owner": person(ADMIN),
            }
        )

    async def _gateway_bot(self, body: Json) -> web.Response:
        limits = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return said({"url": self.gateway, "shards": 1, "session_start_limit": limits})

    async def _open_dm(self, body: Json) -> web.Response:
        user = int(body["recipient_id"])
        return said({"id": str(dm_of(user)), "type": 1, "recipients": [person(user)]})

    async def _create(self, body: Json, channel: str) -> web.Response:
        if channel in self.forbidden:
            return refusal(403, 50013, "Missing Permissions")
        wrong = violation(body)
        if wrong:
            return refusal(400, 50035, wrong)
        assert body["allowed_mentions"]["parse"] == []
        nonce = str(body.get("nonce", ""))
        assert len(nonce) <= 25
        if body.get("enforce_nonce") and nonce in self._nonces:
            return said(self._nonces[nonce])
        message = {**_message(channel, body.get("content") or "", person(BOT, bot=True)), **_given(body)}
        message["nonce"] = nonce
        if "message_reference" in body:
            message |= {"message_reference": body["message_reference"], "type": 19}
        self._nonces[nonce] = self.messages[message["id"]] = message
        self.posted.append(message)
        return said(message)

    async def _history(self, body: Json, channel: str) -> web.Response:
        after = int(body["_after"])
        found = [m for m in self.messages.values() if m["channel_id"] == channel and int(m["id"]) > after]
        # Whether old messages still have their nonces is written nowhere.
        return said([{**m, "nonce": None} for m in sorted(found, key=lambda m: -int(m["id"]))])

    async def _edit(self, body: Json, message_id: str) -> web.Response:
        wrong = violation(body)
        if wrong:
            return refusal(400, 50035, wrong)
        message = self.messages[message_id]
        message |= {"content": body.get("content") or "", **_given(body)}
        self.edits.append(json.loads(json.dumps(message)))
        return said(message)

    async def _delete(self, body: Json, message_id: str) -> web.Response:
        self.deleted.append(message_id)
        return web.Response(status=204)

    async def _open_thread(self, body: Json, channel: str, message_id: str) -> web.Response:
        if f"threads:{channel}" in self.forbidden:
            return refusal(403, 50013, "Missing Permissions")
        if message_id in self.threads:
            return refusal(400, 160004, "A thread has already been created for this message")
        self.threads[message_id] = body["name"]
        thread = _thread(message_id, channel, body["name"])
        return said(thread, status=201)

    async def _typing(self, body: Json) -> web.Response:
        self.typing += 1
        return web.Response(status=204)

    async def _callback(self, body: Json, token: str) -> web.Response:
        pressed = self.interactions.get(token)
        if pressed is None:
            return refusal(404, 10062, "Unknown interaction")
        if pressed.callbacks:
            pressed.refused += 1
            return refusal(400, 40060, "Interaction has already been acknowledged.")
        pressed.callbacks.append(body)
        if body["type"] == 4:
            pressed.replies.append(
                {**_message("0", body["data"].get("content") or "", person(BOT, bot=True)), **body["data"]}
            )
        return said({"interaction": {"id": pressed.id, "type": 2}, "resource": {"type": body["type"]}})

    async def _original(self, body: Json, token: str) -> web.Response:
        pressed = self.interactions[token]
        wrong = violation(body)
        if wrong:
            return refusal(400, 50035, wrong)
        flags = (pressed.callbacks[0].get("data") or {}).get("flags", 0)
        if not pressed.replies:
            pressed.replies.append(_message(pressed.data["_channel"], "", person(BOT, bot=True)))
        pressed.replies[0] |= {"content": body.get("content") or "", "flags": flags, **_given(body)}
        self.messages[pressed.replies[0]["id"]] = pressed.replies[0]
        return said(pressed.replies[0])

    async def _follow_up(self, body: Json, token: str) -> web.Response:
        pressed = self.interactions[token]
        wrong = violation(body)
        if wrong:
            return refusal(400, 50035, wrong)
        message = {
            **_message(pressed.data["_channel"], body.get("content") or "", person(BOT, bot=True)),
            "flags": body.get("flags", 0),
            **_given(body),
        }
        pressed.replies.append(message)
        self.messages[message["id"]] = message
        return said(message)

    async def _list_commands(self, body: Json) -> web.Response:
        return said(self.commands)

    async def _put_commands(self, body: Json) -> web.Response:
        self.commands = [_registered(command) for command in body["_list"]]
        return said(self.commands)

    async def _put_guild_commands(self, body: Json, guild: str) -> web.Response:
        self.guild_commands[guild] = [_registered(command) for command in body["_list"]]
        return said(self.guild_commands[guild])


def violation(body: Json) -> str | None:
    """What Discord would refuse a message for."""

    def length(text: str | None) -> int:
        return len((text or "").encode("utf-16-le", "surrogatepass")) // 2

    embeds = body.get("embeds") or []
    buttons = list(buttons_of(body))
    texts = [(e.get("title"), e.get("description"), (e.get("footer") or {}).get("text")) for e in embeds]
    urls = [e["url"] for e in embeds if e.get("url")]
    checks = {
        "content": length(body.get("content")) <= 2000,
        "empty": bool((body.get("content") or "").strip() or embeds),
        "embeds": len(embeds) <= 10,
        "title": all(length(title) <= 256 for title, _, _ in texts),
        "description": all(length(text and text.strip()) > 0 and length(text) <= 4096 for _, text, _ in texts),
        "footer": all(length(footer) <= 2048 for _, _, footer in texts),
        "all embeds": sum(length(part) for parts in texts for part in parts) <= 6000,
        "urls": all(re.match(r"https?://[^\s.]+\.\S+$", url) and len(url) <= 2048 for url in urls),
        "merged": len(set(urls)) == len(urls),
        "rows": len(body.get("components") or []) <= 5
        and all(len(row["components"]) <= 5 for row in body.get("components") or []),
        "labels": all(0 < length(button.get("label")) <= 80 for button in buttons),
        "ids": len({b["custom_id"] for b in buttons}) == len(buttons)
        and all(len(b["custom_id"]) <= 100 for b in buttons),
    }
    return next((name for name, holds in checks.items() if not holds), None)


def buttons_of(message: Json) -> Iterator[Json]:
    """The buttons of a message."""
    for row in message.get("components") or []:
        yield from row["components"]


def said(data: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON as Discord sends it: the library wants exactly this content type."""
    return web.Response(
        body=json.dumps(data).encode(), status=status, headers={"Content-Type": "application/json", **(headers or {})}
    )


def refusal(status: int, code: int, message: str) -> web.Response:
    return said({"code": code, "message": message}, status=status)


def person(user: int, *, bot: bool = False) -> Json:
    return {
        "id": str(user),
        "username": "backchannel" if user == BOT else f"user{user}",
        "discriminator": "0",
        "global_name": None,
        "avatar": None,
        "bot": bot,
    }


def dm_of(user: int) -> int:
    """The channel of direct messages with a person."""
    return 10_000 + user


def _member(user: int, *, whole: bool = False) -> Json:
    member: Json = {"roles": [], "joined_at": "2024-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0}
    permissions = (1 << 11) | (1 << 10) | (MANAGE_GUILD if user == ADMIN else 0)
    return {**member, "user": person(user), "permissions": str(permissions)} if whole else member


def _message(channel: str, content: str, author: Json) -> Json:
    return {
        "id": snowflake(),
        "channel_id": channel,
        "author": author,
        "content": content,
        "timestamp": "2024-07-12T12:00:00.000000+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "type": 0,
    }


def _given(body: Json) -> Json:
    """What the bot gave a message; buttons get ids, as components have them at Discord."""
    rows = [
        {**row, "id": 1, "components": [{**c, "id": number} for number, c in enumerate(row["components"], 2)]}
        for row in body.get("components") or []
    ]
    embeds = [{"type": "rich", **embed} for embed in body.get("embeds") or []]
    files = [
        {"id": snowflake(), "size": 1, "url": "https://cdn/x", "proxy_url": "https://cdn/x", **f}
        for f in body.get("attachments") or []
    ]
    return {"embeds": embeds, "components": rows, "attachments": files}


def _guild() -> Json:
    everyone = {
        "id": str(GUILD),
        "name": "@everyone",
        "permissions": ALL_PERMISSIONS,
        "position": 0,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }
    channels = [
        {
            "id": str(c),
            "type": 0,
            "name": f"c{c}",
            "position": 0,
            "permission_overwrites": [],
            "parent_id": None,
            "nsfw": False,
        }
        for c in (CHANNEL, QUIET)
    ]
    return {
        "id": str(GUILD),
        "name": "News desk",
        "owner_id": str(ADMIN),
        "member_count": 3,
        "large": False,
        "roles": [everyone],
        "emojis": [],
        "stickers": [],
        "features": [],
        "channels": channels,
        "threads": [],
        "members": [{**_member(BOT), "user": person(BOT, bot=True)}],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
        "joined_at": "2024-01-01T00:00:00+00:00",
        "unavailable": False,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": "en-GB",
        "system_channel_flags": 0,
        "afk_timeout": 300,
        "icon": None,
        "premium_progress_bar_enabled": False,
    }


def _thread(thread_id: str, channel: str, name: str) -> Json:
    return {
        "id": thread_id,
        "type": 11,
        "guild_id": str(GUILD),
        "parent_id": channel,
        "owner_id": str(BOT),
        "name": name,
        "message_count": 0,
        "member_count": 1,
        "rate_limit_per_user": 0,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": "2024-07-12T12:00:00+00:00",
            "locked": False,
        },
        "member": {"id": thread_id, "user_id": str(BOT), "join_timestamp": "2024-07-12T12:00:00+00:00", "flags": 0},
    }


def _registered(command: Json) -> Json:
    return {
        "id": snowflake(),
        "application_id": str(BOT),
        "version": "1",
        "default_member_permissions": None,
        "description": "",
        **command,
    }


async def _body(request: web.Request) -> Json:
    if request.content_type == "multipart/form-data":
        form = await request.post()
        body: Json = json.loads(str(form["payload_json"]))
        for key, part in form.items():
            if key.startswith("files[") and isinstance(part, web.FileField):
                body.setdefault("attachments", [{"id": 0}])
                body["attachments"][0] |= {"filename": part.filename, "content": part.file.read().decode()}
        return body
    text = await request.text()
    body = json.loads(text) if text else {}
    return body if isinstance(body, dict) else {"_list": body}
