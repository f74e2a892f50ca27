"""Any S3 server as a store, through boto3, which lives nowhere else.

boto3's own retries and transfer threads stay unused: a request here is tried again only as long as nobody asks
for a stop, and a large file goes on where a killed attempt left it (`publish.stores.parts`).

What has arrived is proved without trusting the server to know checksums, for old ones accept and drop them:
every body goes up with its MD5, which all of them check; the entity tag that comes back must be that MD5, or
the SHA-256 that comes back ours; where neither is, the object is read back.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import boto3
import botocore.config
import botocore.exceptions as boto
from urllib3.exceptions import HTTPError

from process.errors import Stopped
from publish.errors import (
    ContentDiffers,
    LectureIncomplete,
    ObjectMissing,
    PublishError,
    StoreDenied,
    StoreFull,
    StoreMissing,
    StoreUnreachable,
)
from publish.stores import Stored, StoreSettings
from publish.stores.parts import put_in_parts

T = TypeVar("T")

_MIB = 1 << 20
_READERS = "FlipcastReaders"


def open_here(address: str, settings: StoreSettings, *, stop: threading.Event) -> S3Store:
    """The bucket, and what lies under a prefix in it, that ``s3://bucket/prefix`` names."""
    rest = address.partition("://")[2]
    bucket, _, prefix = rest.partition("/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}", bucket):
        raise StoreMissing(f"{address!r} names no bucket", hint="write s3://bucket or s3://bucket/prefix")
    prefix = prefix.strip("/")
    if any(part in ("", ".", "..") or not part.isprintable() for part in prefix.split("/") if prefix):
        raise StoreMissing(f"{address!r} has a prefix that cannot be part of an address")
    return S3Store(bucket, prefix=f"{prefix}/" if prefix else "", settings=settings, stop=stop)


class S3Store:
    """A `Store` in a bucket."""

    compresses = True

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str = "",
        settings: StoreSettings | None = None,
        stop: threading.Event | None = None,
        keys: tuple[str, str] | None = None,
    ) -> None:
        """*keys* are an access key and its secret, where they do not come from boto3's own chain."""
        self.settings = settings or StoreSettings()
        self.bucket, self.prefix = bucket, prefix
        self.address = f"s3://{bucket}/{prefix}".rstrip("/")
        self.at_once = self.settings.at_once
        self.room = threading.Semaphore(self.at_once + 2)
        """For so many parts there is room in memory."""
        self._stop = stop or threading.Event()
        self._pool = ThreadPoolExecutor(self.at_once, thread_name_prefix="s3")
        self._client = self._connect(keys or (None, None))

    def __enter__(self) -> S3Store:
        """Ask once, so that a wrong secret or bucket is told before any work is done."""
        try:
            self._ask("list_objects_v2", "be listed", Prefix=self.prefix, MaxKeys=1)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def put(
        self,
        key: str,
        content: bytes | Path,
        *,
        sha256: str,
        kind: str,
        caching: str = "",
        encoding: str = "",
        only_if_absent: bool = False,
        report: Callable[[int], None] = lambda size: None,
    ) -> bool:
        about = {"ContentType": kind, "Metadata": {"sha256": sha256}}
        about |= {"CacheControl": caching} if caching else {}
        about |= {"ContentEncoding": encoding} if encoding else {}
        if isinstance(content, Path):
            size = _size(content)
            if size > self.settings.multipart_above_mb * _MIB and not only_if_absent:
                try:
                    proved = put_in_parts(
                        self, key, content, size=size, sha256=sha256, about=about, pool=self._pool, report=report
                    )
                except OSError as error:
                    raise _unreadable(content, error) from None
                if not proved:
                    self._read_back(key, size=size, sha256=sha256)
                return True
            body = _read(content)
        else:
            body = content
        if hashlib.sha256(body).hexdigest() != sha256:
            raise ContentDiffers(
                f"{content if isinstance(content, Path) else key} is not what it was when it was counted",
                hint="publish again when nothing writes to it any more",
            )
        about |= {"IfNoneMatch": "*"} if only_if_absent else {}
        digest = base64.b64encode(bytes.fromhex(sha256)).decode()
        try:
            answer = self.send("put_object", key, body, ChecksumSHA256=digest, **about)
        except _Taken:
            return False
        if answer.get("ChecksumSHA256") != digest and not answer["proved"]:
            self._read_back(key, size=len(body), sha256=sha256)
        report(len(body))
        return True

    def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        if length == 0:
            return b""
        span = {} if not start and length is None else {"Range": f"bytes={start}-"}
        if length is not None:
            span = {"Range": f"bytes={start}-{start + length - 1}"}

        def read() -> bytes:
            answer = self._client.get_object(Bucket=self.bucket, Key=self.prefix + key, **span)
            with answer["Body"] as body:
                content: bytes = body.read()
            return content

        return self._tried(read, f"hand out {key}", key=key)

    def head(self, key: str) -> Stored | None:
        try:
            answer = self._ask("head_object", f"tell of {key}", key=key)
        except ObjectMissing:
            return None
        return Stored(
            key=key,
            size_bytes=answer["ContentLength"],
            etag=answer["ETag"].strip('"'),
            sha256=answer.get("Metadata", {}).get("sha256"),
        )

    def list(self, prefix: str) -> Iterator[Stored]:
        more: dict[str, str] = {}
        while True:
            page = self._ask("list_objects_v2", "be listed", Prefix=self.prefix + prefix, **more)
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(self.prefix)
                yield Stored(key=key, size_bytes=found["Size"], etag=found["ETag"].strip('"'))
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def delete(self, keys: Iterable[str]) -> None:
        keys = set(keys)

        def remove(key: str) -> None:
            with suppress(ObjectMissing):
                self._ask("delete_object", f"remove {key}", key=key)

        # One by one: the batch call wants a checksum that servers of different ages do not agree on.
        for _ in self._pool.map(remove, keys):
            pass
        with suppress(StoreDenied):  # who may delete may still not list what is unfinished
            for upload in self.unfinished(""):
                if upload["Key"].removeprefix(self.prefix) in keys:
                    self.abandon(upload)

    def url(self, key: str) -> str:
        if self.settings.public_url:
            return f"{self.settings.public_url.rstrip('/')}/{quote(key)}"
        root = self._client.meta.endpoint_url.rstrip("/")
        return f"{root}/{self.bucket}/{quote(self.prefix + key)}"

    def open_to_readers(self) -> None:
        """Let everybody read the objects under our prefix, from pages of any origin; nobody may list them.

        Raises:
            StoreDenied: the bucket has rules of its own, which are not ours to change.
        """
        rules: Any = []
        with suppress(ObjectMissing):
            rules = json.loads(self._ask("get_bucket_policy", "show its policy")["Policy"])["Statement"]
        ours = f"arn:aws:s3:::{self.bucket}/{self.prefix}*"
        if any(not str(rule.get("Sid", "")).startswith(_READERS) for rule in rules):
            raise StoreDenied(
                f"the bucket {self.bucket} has a policy of its own",
                hint=f"let its owner allow s3:GetObject on {ours}",
            )
        if not any(ours in rule["Resource"] for rule in rules):
            rules.append(
                {
                    "Sid": f"{_READERS}{len(rules) + 1}",
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": ["s3:GetObject"],
                    "Resource": [ours],
                }
            )
            policy = json.dumps({"Version": "2012-10-17", "Statement": rules})
            self._ask("put_bucket_policy", "take a policy", Policy=policy)
        cors = {
            "AllowedMethods": ["GET", "HEAD"],
            "AllowedOrigins": ["*"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag", "Content-Range", "Content-Length"],
            "MaxAgeSeconds": 3600,
        }
        self._ask("put_bucket_cors", "take rules for other origins", CORSConfiguration={"CORSRules": [cors]})

    # What `put_in_parts` asks of us.

    @property
    def part_bytes(self) -> int:
        """Size of a part, bytes."""
        return self.settings.part_mb * _MIB

    def ask(self, name: str, key: str, **arguments: Any) -> dict[str, Any]:
        """What the server answers to the call *name* about *key*."""
        return self._ask(name, f"take {key}", key=key, **arguments)

    def send(self, name: str, key: str, body: bytes, **arguments: Any) -> dict[str, Any]:
        """Send *body* by the call *name*; the answer's ``proved`` says whether it is known to have arrived."""
        md5 = hashlib.md5(body, usedforsecurity=False)
        arguments["ContentMD5"] = base64.b64encode(md5.digest()).decode()
        answer = self._ask(name, f"take {key}", key=key, Body=body, **arguments)
        return {**answer, "proved": answer.get("ETag", "").strip('"') == md5.hexdigest()}

    def unfinished(self, key: str) -> tuple[dict[str, Any], ...]:
        """The multipart uploads under way, or left behind, for keys that start with *key*; oldest first."""
        found: tuple[dict[str, Any], ...] = ()
        more: dict[str, str] = {}
        while True:
            page = self._ask("list_multipart_uploads", "be listed", Prefix=self.prefix + key, **more)
            found += tuple(page.get("Uploads", ()))
            if not page.get("IsTruncated"):
                return tuple(sorted(found, key=lambda upload: upload["Initiated"]))
            more = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    def abandon(self, upload: dict[str, Any]) -> None:
        """Throw the parts of an unfinished upload away."""
        key = upload["Key"].removeprefix(self.prefix)
        with suppress(ObjectMissing):
            self._ask("abort_multipart_upload", f"forget {key}", key=key, UploadId=upload["UploadId"])

    def _read_back(self, key: str, *, size: int, sha256: str) -> None:
        digest, step = hashlib.sha256(), 8 * _MIB
        for start in range(0, size, step):
            digest.update(self.get(key, start=start, length=min(step, size - start)))
        if digest.hexdigest() != sha256:
            raise ContentDiffers(f"{self.address} holds {key} with other bytes than were sent")

    def _ask(self, name: str, what: str, *, key: str = "", **arguments: Any) -> dict[str, Any]:
        if key:
            arguments["Key"] = self.prefix + key
        call = getattr(self._client, name)
        answer: dict[str, Any] = self._tried(lambda: call(Bucket=self.bucket, **arguments), what, key=key)
        return answer

    def _tried(self, call: Callable[[], T], what: str, *, key: str) -> T:
        wait = 0.2
        for attempt in range(1, self.settings.attempts + 1):
            if self._stop.is_set():
                raise Stopped(f"stopped while speaking with {self.address}")
            try:
                return call()
            except (boto.ClientError, boto.BotoCoreError, HTTPError, OSError) as error:
                failure, may_pass = self._explained(error, what, key=key)
                if not may_pass or attempt == self.settings.attempts:
                    raise failure from error
            self._stop.wait(min(wait, 10) * random.uniform(0.5, 1.0))
            wait *= 2
        raise AssertionError("unreachable")

    def _connect(self, keys: tuple[str | None, str | None]) -> Any:
        settings = self.settings
        elsewhere = (
            settings.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3", "") or os.environ.get("AWS_ENDPOINT_URL", "")
        )
        if elsewhere and (urlsplit(elsewhere).scheme not in ("http", "https") or not urlsplit(elsewhere).hostname):
            raise StoreMissing(
                f"{elsewhere!r} is no address of an S3 server", hint="write it as https://host or http://host:port"
            )
        config = botocore.config.Config(
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=2 * settings.at_once,
            # Only Amazon has a host name for every bucket.
            # A body's MD5 is among the headers that are signed: signing the body itself would only cost time.
            s3={"addressing_style": "path" if elsewhere else "auto", "payload_signing_enabled": False},
            # Trailing checksums are stored as content by some servers; we send Content-MD5.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        try:
            session = boto3.Session(*keys)
            region = settings.region or session.region_name or "us-east-1"
            return session.client("s3", endpoint_url=elsewhere or None, region_name=region, config=config)
        except (boto.BotoCoreError, ValueError) as error:
            raise StoreDenied(
                f"boto3 cannot make ready for {self.address}: {error}", hint="see ~/.aws/config and AWS_PROFILE"
            ) from error

    def _explained(self, error: Exception, what: str, *, key: str) -> tuple[PublishError, bool]:
        """What *error* means to a person, and whether trying again may help."""
        at = self._client.meta.endpoint_url
        if not isinstance(error, boto.ClientError):
            return _unheard(error, at=at, address=self.address)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = str(error.response.get("Error", {}).get("Code", ""))
        said = str(error.response.get("Error", {}).get("Message", "")).strip().rstrip(".")
        where = f"the bucket {self.bucket} at {at}"
        if code in ("PreconditionFailed", "412"):
            return _Taken(f"{where} has {key} already"), False
        if code in ("NoSuchBucketPolicy", "NoSuchUpload", "NoSuchKey") or (status == 404 and key and code == "404"):
            return ObjectMissing(f"{where} holds no {key or 'such thing'}"), False
        if code == "NoSuchBucket" or status == 404:
            return StoreMissing(f"there is no bucket {self.bucket} at {at}", hint="create it, or mend its name"), False
        if code in _SENTENCES:
            return StoreDenied(f"{where} {_SENTENCES[code][0]}", hint=_SENTENCES[code][1]), False
        if code in ("BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"):
            return ContentDiffers(
                f"{key} came to harm on the way to {where}: what arrived has another checksum ({code})",
                hint="look at the network between here and there, then publish again",
            ), True
        if status in (301, 307) or code in ("PermanentRedirect", "AuthorizationHeaderMalformed"):
            region = error.response.get("Error", {}).get("Region") or "another one"
            return StoreMissing(f"{where} lies in another region: {region}", hint="set the store's region"), False
        if status == 507 or "Quota" in code or code in ("EntityTooLarge", "XMinioStorageFull"):
            return StoreFull(f"{where} has no room for {key}: {said or code}", hint="free some room there"), False
        if status >= 500 or status in (408, 409, 429) or code in ("RequestTimeout", "SlowDown", "Throttling"):
            return StoreUnreachable(
                f"{where} would not {what}, it answered {status} {code} each of {self.settings.attempts} times",
                hint="try again in a while",
            ), True
        if status in (401, 403):
            return StoreDenied(
                f"{where} will not {what}: {said or code}",
                hint="ask its owner for the right to list, get, put and delete objects there",
            ), False
        return PublishError(f"{where} would not {what}: {status} {code} {said}".rstrip()), False


class _Taken(ObjectMissing):
    """Not a failure: what was to be put only if absent is there."""


_SENTENCES = {
    "SignatureDoesNotMatch": (
        "says that the secret is wrong",
        "check AWS_SECRET_ACCESS_KEY, or the profile that AWS_PROFILE names",
    ),
    "InvalidAccessKeyId": (
        "does not know the access key",
        "check AWS_ACCESS_KEY_ID, or the profile that AWS_PROFILE names",
    ),
    "RequestTimeTooSkewed": (
        "refuses us because this machine's clock is wrong",
        "set the clock, best by NTP, and try again",
    ),
    "ExpiredToken": ("says that the session token has expired", "sign in again"),
    "InvalidToken": ("does not accept the session token", "sign in again"),
    "InvalidObjectState": ("has the object in an archive", "have it restored, then try again"),
}


def _unheard(error: Exception, *, at: str, address: str) -> tuple[PublishError, bool]:
    """What it means that no answer came, and whether trying again may help."""
    said = str(error)
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError | boto.CredentialRetrievalError):
        return StoreDenied(
            f"no access key is at hand for {address}",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        ), False
    if isinstance(error, boto.SSLError):
        return StoreDenied(
            f"the certificate of {at} is not trusted: {said}", hint="set AWS_CA_BUNDLE to its authority's file"
        ), False
    if isinstance(error, boto.ConnectTimeoutError):
        return StoreUnreachable(f"{at} does not answer", hint="check the address and the network"), True
    if isinstance(error, boto.ReadTimeoutError):
        return StoreUnreachable(f"{at} stalled in the middle of a request", hint="try again in a while"), True
    if isinstance(error, boto.EndpointConnectionError):
        if any(word in said + repr(error.__context__) for word in ("NameResolution", "getaddrinfo", "resolve")):
            host = urlsplit(at).hostname
            return StoreUnreachable(
                f"there is no host {host!r} to be found", hint="check endpoint_url and the network"
            ), True
        return StoreUnreachable(
            f"nothing answers at {at}", hint="check endpoint_url, and whether the server is running"
        ), True
    if isinstance(error, boto.HTTPClientError | boto.IncompleteReadError | HTTPError | OSError):
        return StoreUnreachable(f"the connection to {at} broke: {said}", hint="try again in a while"), True
    return PublishError(f"{at} cannot be spoken with: {said}"), False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> LectureIncomplete:
    return LectureIncomplete(f"{path} cannot be read: {error.strerror or error}", hint="process it again")
