/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/ical.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/contentline.h"
#include "seamfs/codec/date.h"

enum { DAY_S = 86400 };

struct ical {
	struct content *content;
	int begin; /* of the component that is meant */
};

static const char *const components[] = {"VTODO", "VEVENT", "VJOURNAL"};

static int line_of(const struct ical *i, const char *property)
{
	return content_next(i->content, i->begin, property, 0);
}

/* ---- whole calendars ---- */

static _Bool is_component(const struct content *c, int line)
{
	for (size_t i = 0; i < ARRAY_LEN(components); i++) {
		if (strcasecmp(content_value(c, line), components[i]) == 0)
			return 1;
	}
	return 0;
}

static int check_calendar(struct ical *i, struct err *e)
{
	int calendar = -1;

	for (int line = 0; line < content_count(i->content); line++) {
		if (strcmp(content_name(i->content, line), "BEGIN") != 0)
			continue;
		if (calendar < 0 && strcasecmp(content_value(i->content, line), "VCALENDAR") == 0)
			calendar = line;
		if (calendar < 0 || !is_component(i->content, line))
			continue;
		if (!i->begin || content_next(i->content, i->begin, "RECURRENCE-ID", 0) >= 0)
			i->begin = line;
	}
	if (calendar < 0)
		return err_set(e, EINVAL, "there is no calendar in it: a line BEGIN:VCALENDAR is missing");
	if (content_end(i->content, calendar) == content_count(i->content))
		return err_set(e, EINVAL, "the calendar is cut off: its line END:VCALENDAR is missing");
	if (!i->begin)
		return err_set(e, EINVAL, "there is neither a task nor an event in the calendar");
	return 0;
}

int ical_parse(const char *text, size_t len, struct ical **ret, struct err *e)
{
	struct ical *i = mem_alloc(sizeof(*i));
	int r = content_parse(text, len, &i->content, e);

	if (r == 0)
		r = check_calendar(i, e);
	if (r < 0)
		ical_free(i);
	else
		*ret = i;
	return r;
}

struct ical *ical_new(const char *component, const char *uid, int64_t now_ms)
{
	char stamp[CONTENT_STAMP_SIZE];
	_cleanup_(mem_freep) char *text =
		str_format("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//seamfs//seamfs " SEAMFS_VERSION
			   "//EN\r\nBEGIN:%s\r\nUID:%s\r\n"
			   "DTSTAMP:%s\r\nCREATED:%s\r\nLAST-MODIFIED:%s\r\nEND:%s\r\nEND:VCALENDAR\r\n",
			component, uid, content_stamp(now_ms, stamp), stamp, stamp, component);
	struct ical *i = NULL;

	if (ical_parse(text, strlen(text), &i, NULL) < 0)
		abort();
	return i;
}

void ical_free(struct ical *i)
{
	if (!i)
		return;
	content_free(i->content);
	free(i);
}

void ical_freep(struct ical **i)
{
	ical_free(*i);
}

int ical_print(const struct ical *i, struct buf *b)
{
	return content_print(i->content, b);
}

const char *ical_component(const struct ical *i)
{
	for (size_t c = 0; c < ARRAY_LEN(components); c++) {
		if (strcasecmp(content_value(i->content, i->begin), components[c]) == 0)
			return components[c];
	}
	return "";
}

_Bool ical_repeats(const struct ical *i)
{
	return line_of(i, "RRULE") >= 0 || line_of(i, "RDATE") >= 0 || line_of(i, "RECURRENCE-ID") >= 0;
}

/* ---- values ---- */

const char *ical_raw(const struct ical *i, const char *property)
{
	int line = line_of(i, property);

	return line < 0 ? NULL : content_value(i->content, line);
}

static void add_line(struct ical *i, const char *label, const char *value)
{
	_cleanup_(mem_freep) char *text = str_format("%s:%s", label, value);

	content_add(i->content, i->begin, text);
}

void ical_set_raw(struct ical *i, const char *property, const char *value)
{
	int line = line_of(i, property);

	if (line >= 0 && value)
		content_set(i->content, line, value);
	else if (value)
		add_line(i, property, value);
	/* What may stand there once only may stand there twice. */
	for (; line >= 0 && !value; line = line_of(i, property))
		content_remove(i->content, line);
}

char *ical_text(const struct ical *i, const char *property)
{
	const char *value = ical_raw(i, property);
	char *text = value ? content_text(value, strlen(value)) : NULL;

	if (text && text[strspn(text, " \t\r\n")])
		return text;
	free(text);
	return NULL;
}

void ical_set_text(struct ical *i, const char *property, const char *text)
{
	_cleanup_(mem_freep) char *now = ical_text(i, property);
	_cleanup_(buf_finish) struct buf value = BUF_INIT(BUF_MAX_SCRATCH);

	if (str_equal(now, text))
		return;
	content_escape(&value, text ? text : "");
	ical_set_raw(i, property, value.len ? buf_text(&value) : NULL);
}

cJSON *ical_tags(const struct ical *i, const char *property)
{
	return content_tags(i->content, i->begin, property);
}

void ical_set_tags(struct ical *i, const char *property, const cJSON *tags)
{
	content_set_tags(i->content, i->begin, property, tags);
}

/* ---- days ---- */

/* "20261125…" as "2026-11-25" */
static int day_of(const char *value, char ret[11])
{
	char text[11];

	if (strspn(value, "0123456789") != 8 || (value[8] && value[8] != 'T'))
		return -ENOENT;
	snprintf(text, sizeof(text), "%.4s-%.2s-%.2s", value, value + 4, value + 6);
	if (!date_valid(text))
		return -ENOENT;
	memcpy(ret, text, sizeof(text));
	return 0;
}

int ical_date(const struct ical *i, const char *property, char ret[11])
{
	const char *value = ical_raw(i, property);

	return value ? day_of(value, ret) : -ENOENT;
}

static time_t seconds(const char *date)
{
	struct tm t = {0};

	sscanf(date, "%d-%d-%d", &t.tm_year, &t.tm_mon, &t.tm_mday);
	t.tm_year -= 1900;
	t.tm_mon--;
	return timegm(&t);
}

/* Puts the line on another day, whatever else is in its value. */
static void move_line(struct ical *i, int line, const char *date)
{
	_cleanup_(mem_freep) char *value =
		str_format("%.4s%.2s%.2s%s", date, date + 5, date + 8, content_value(i->content, line) + 8);

	content_set(i->content, line, value);
}

/* An event stays as long as it is. */
static void move_end(struct ical *i, const char *from, const char *to)
{
	int end = line_of(i, "DTEND");
	char day[11], moved[11];
	struct tm t;
	time_t s;

	if (end < 0 || day_of(content_value(i->content, end), day) < 0)
		return;
	s = seconds(day) + (seconds(to) - seconds(from)) / DAY_S * DAY_S;
	if (gmtime_r(&s, &t) && strftime(moved, sizeof(moved), "%Y-%m-%d", &t) == 10 && date_valid(moved))
		move_line(i, end, moved);
}

/* A new line of the same kind as that of the other end, RFC 5545 3.8.2.3. */
static void add_date(struct ical *i, const char *property, const char *date)
{
	_Bool start = strcmp(property, "DTSTART") == 0;
	int other = line_of(i, start ? "DUE" : "DTSTART");
	const char *value = other < 0 ? "" : content_value(i->content, other);
	_cleanup_(mem_freep) char *zone = other < 0 ? NULL : content_param(i->content, other, "TZID");
	_cleanup_(mem_freep) char *label = NULL, *text = NULL;
	_Bool time = strlen(value) > 8 && value[8] == 'T', quoted = zone && strpbrk(zone, ":;,");

	if (!time)
		label = str_format("%s;VALUE=DATE", property);
	else if (zone)
		label = str_format("%s;TZID=%s%s%s", property, quoted ? "\"" : "", zone, quoted ? "\"" : "");
	else
		label = str_dup(property);
	text = str_format("%.4s%.2s%.2s%s%s", date, date + 5, date + 8,
		!time	? ""
		: start ? "T000000"
			: "T235900",
		time && value[strlen(value) - 1] == 'Z' ? "Z" : "");
	add_line(i, label, text);
}

void ical_set_date(struct ical *i, const char *property, const char *date)
{
	int line = line_of(i, property);
	char now[11];

	if (!date) {
		ical_set_raw(i, property, NULL);
		return;
	}
	if (line >= 0 && day_of(content_value(i->content, line), now) == 0) {
		if (strcmp(now, date) == 0)
			return;
		move_line(i, line, date);
		if (strcmp(property, "DTSTART") == 0)
			move_end(i, now, date);
		return;
	}
	ical_set_raw(i, property, NULL);
	if (strcmp(property, "DUE") == 0)
		ical_set_raw(i, "DURATION", NULL);
	add_date(i, property, date);
}

/* ---- when ---- */

void ical_touch(struct ical *i, int64_t now_ms)
{
	char stamp[CONTENT_STAMP_SIZE];

	content_stamp(now_ms, stamp);
	if (ical_raw(i, "DTSTAMP"))
		ical_set_raw(i, "DTSTAMP", stamp);
	if (ical_raw(i, "LAST-MODIFIED"))
		ical_set_raw(i, "LAST-MODIFIED", stamp);
}

int64_t ical_changed(const struct ical *i)
{
	const char *value = ical_raw(i, "LAST-MODIFIED");

	return value ? content_instant(value) : 0;
}
