"""[[feeds]] and [[digests]]: which blogs are read, and what becomes a letter when."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from pydantic import Field, field_validator, model_validator

from pipeline.core.fields import Duration, Line, Listed, Section, WebAddress


class Feed(Section):
    url: WebAddress = Field(min_length=1)
    every: Duration = timedelta(hours=1)


class Digest(Section):
    name: str = Field(pattern=r"^[a-z0-9](?:[a-z0-9_-]{0,47}[a-z0-9])?$")
    layout: Literal["digest", "plain"] = "digest"
    schedule: str = "0 9 * * thu"
    subject: Line = "{{ posts[0].title }}"
    max_posts: int = Field(default=6, ge=1, le=25)  # more would be clipped by Gmail
    min_posts: int = Field(default=1, ge=1)
    backlog: Duration = timedelta(days=7)
    include_categories: Listed = Field(default=[])
    exclude_categories: Listed = Field(default=["no-letter"])
    welcome: Literal["latest", "none"] = "latest"
    approval: Literal["auto", "required"] = "auto"
    hold_window: Duration = timedelta(0)

    @field_validator("name", mode="after")
    @classmethod
    def _no_slug(cls, value: str) -> str:
        if value == "confirmation":
            raise ValueError("this name is taken by the mails that ask to confirm")
        if re.search(r"-\d+$", value):
            raise ValueError("a name that ends in a number reads like an edition's; write it without")
        return value

    @field_validator("schedule")
    @classmethod
    def _cron(cls, value: str) -> str:
        from pipeline.core.cron import check_schedule

        check_schedule(value)
        return value

    @model_validator(mode="after")
    def _bounds(self) -> Digest:
        if self.min_posts > self.max_posts:
            raise ValueError(f"min_posts ({self.min_posts}) is more than max_posts ({self.max_posts})")
        return self
