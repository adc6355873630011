/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ical - one task or event of a calendar (RFC 5545), as the programs that people use write it.        Threads: one owner.
 *
 * Only what is set changes; all other bytes stay: alarms, time zones, repetition, exceptions, properties of other programs.
 * Meant is the first VTODO, VEVENT or VJOURNAL that is no exception of a repeated one. "Property" is a name in capitals.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

struct ical;

/**
 * ical_parse - reads a calendar
 * @ret: given to the caller (ical_free), written on success only
 *
 * Returns 0, or -EINVAL with a sentence: no calendar, nothing in it, not ended, a NUL byte.
 */
int ical_parse(const char *text, size_t len, struct ical **ret, struct err *e);

/* ical_new - a calendar with one empty @component, made at @now_ms; given to the caller */
struct ical *ical_new(const char *component, const char *uid, int64_t now_ms);
void ical_free(struct ical *i);
void ical_freep(struct ical **i);

int ical_print(const struct ical *i, struct buf *b);

/* ical_component - "VTODO", "VEVENT" or "VJOURNAL" */
const char *ical_component(const struct ical *i);

/* ical_repeats - whether it is the rule of many (RRULE, RDATE) */
_Bool ical_repeats(const struct ical *i);

/* ical_raw - a property's value as it is, borrowed until something is set; NULL without it */
const char *ical_raw(const struct ical *i, const char *property);
void ical_set_raw(struct ical *i, const char *property, const char *value);

/* ical_text - a property of the kind TEXT, given to the caller; NULL when it is not there or empty. Setting NULL takes it away. */
char *ical_text(const struct ical *i, const char *property);
void ical_set_text(struct ical *i, const char *property, const char *text);

cJSON *ical_tags(const struct ical *i, const char *property);
void ical_set_tags(struct ical *i, const char *property, const cJSON *tags);

/* ical_date - the day of DTSTART, DUE or DTEND in its own time zone, "YYYY-MM-DD". 0, or -ENOENT. */
int ical_date(const struct ical *i, const char *property, char ret[11]);

/*
 * ical_set_date - moves it to that day; the time of day and its zone stay. A new one is a day, or the end (DTSTART: the beginning) of
 * that day where the other end has a time. The end of an event moves with its DTSTART. NULL takes it away.
 */
void ical_set_date(struct ical *i, const char *property, const char *date);

/* ical_touch - says that it was changed at @now_ms (DTSTAMP, LAST-MODIFIED); ical_changed() is that time, 0 without one */
void ical_touch(struct ical *i, int64_t now_ms);
int64_t ical_changed(const struct ical *i);
