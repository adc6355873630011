/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_scan.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"

enum { MAX_DEPTH = 64 };

struct scan {
	const char *start;
	const char *p;
	const char *end;
	unsigned flags;
	unsigned depth;
	struct buf *out;   /* NULL while locating */
	const char *fault; /* what is wrong, set once */
	const char *fault_at;
	_Bool cut;	    /* the fault is that the text ends too early */
	struct buf path;    /* the current JSON Pointer, kept only while locating */
	const char *wanted; /* the pointer to locate, or NULL */
	const char *found;
};

static int value(struct scan *s);

static int fail(struct scan *s, const char *at, const char *what)
{
	if (!s->fault) {
		s->fault = what;
		s->fault_at = at;
		s->cut = s->p >= s->end;
	}
	return -EINVAL;
}

/* Like fail(), for what more text might mend. */
static int fail_short(struct scan *s, const char *at, const char *what, size_t needed)
{
	int r = fail(s, at, what);

	s->cut = (size_t)(s->end - s->p) < needed;
	return r;
}

static void emit(struct scan *s, const char *bytes, size_t len)
{
	if (s->out)
		buf_add(s->out, bytes, len);
}

/* Skips one comment; returns 1 when there was one, 0 when not, -EINVAL when it does not end. */
static int comment(struct scan *s)
{
	const char *start = s->p;

	if (!(s->flags & JSON_COMMENTS) || s->end - s->p < 2 || s->p[0] != '/')
		return 0;
	if (s->p[1] == '/') {
		while (s->p < s->end && *s->p != '\n')
			s->p++;
		return 1;
	}
	if (s->p[1] != '*')
		return 0;
	for (s->p += 2; s->end - s->p >= 2; s->p++) {
		if (s->p[0] == '*' && s->p[1] == '/') {
			s->p += 2;
			return 1;
		}
	}
	return fail(s, start, "this comment has no end");
}

static int space(struct scan *s)
{
	for (;;) {
		int r;

		while (s->p < s->end && strchr(" \t\r\n", *s->p) && *s->p)
			s->p++;
		r = comment(s);
		if (r <= 0)
			return r;
	}
}

static int hex4(const char *p, const char *end)
{
	int code = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)p[i]))
			return -1;
		code = code * 16 + (isdigit((unsigned char)p[i]) ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	}
	return code;
}

/* A \uXXXX escape with s->p on the 'u'. Surrogates must come in pairs; NUL and our mark cannot pass. */
static int unicode_escape(struct scan *s)
{
	const char *at = s->p - 1;
	int code = hex4(s->p + 1, s->end);

	if (code < 0)
		return fail_short(s, at, "\\u needs four hexadecimal digits", 5);
	if (code <= JSON_NUMBER_MARK) {
		if (code == 0 && !(s->flags & JSON_REMOTE))
			return fail(s, at, "\\u0000 is not allowed in a text");
		emit(s, "\\ufffd", 6);
		s->p += 5;
		return 0;
	}
	if (code >= 0xdc00 && code <= 0xdfff)
		return fail(s, at, "this is the second half of a surrogate pair without the first");
	if (code >= 0xd800 && code <= 0xdbff) {
		int low = s->end - s->p >= 11 && s->p[5] == '\\' && s->p[6] == 'u' ? hex4(s->p + 7, s->end)
										   : -1;

		if (low < 0xdc00 || low > 0xdfff)
			return fail_short(s, at, "this surrogate pair has no second half", 11);
		emit(s, at, 12);
		s->p += 11;
		return 0;
	}
	emit(s, at, 6);
	s->p += 5;
	return 0;
}

static int escape(struct scan *s)
{
	const char *at = s->p++;

	if (s->p >= s->end)
		return fail(s, at, "the text ends inside a string");
	if (*s->p == 'u')
		return unicode_escape(s);
	if (!strchr("\"\\/bfnrt", *s->p) || !*s->p)
		return fail(s, at, "unknown escape in a string");
	emit(s, at, 2);
	s->p++;
	return 0;
}

static int string(struct scan *s)
{
	const char *start = s->p++;
	int r;

	emit(s, "\"", 1);
	while (s->p < s->end && *s->p != '"') {
		unsigned char c = (unsigned char)*s->p;
		size_t n;

		if (c == '\\') {
			r = escape(s);
			if (r < 0)
				return r;
			continue;
		}
		if (c < 0x20)
			return fail(s, s->p,
				c ? "a line break or control character stands inside a string (is a \" "
				    "missing?)"
				  : "the file holds a NUL byte");
		n = utf8_length(s->p, (size_t)(s->end - s->p));
		if (!n)
			return fail_short(s, s->p, "this is not valid UTF-8",
				c < 0xc2   ? 1
				: c < 0xe0 ? 2
				: c < 0xf0 ? 3
					   : 4);
		emit(s, s->p, n);
		s->p += n;
	}
	if (s->p >= s->end)
		return fail(s, start, "this string has no end (is a \" missing?)");
	s->p++;
	emit(s, "\"", 1);
	return 0;
}

static _Bool digits(struct scan *s)
{
	const char *start = s->p;

	while (s->p < s->end && isdigit((unsigned char)*s->p))
		s->p++;
	return s->p > start;
}

static int number(struct scan *s)
{
	const char mark[] = {'"', JSON_NUMBER_MARK};
	const char *start = s->p, *first;

	if (*s->p == '-')
		s->p++;
	first = s->p;
	if (!digits(s) || (*first == '0' && s->p - first > 1))
		return fail(s, start, "this is not a JSON number");
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!digits(s))
			return fail(s, start, "a number needs digits behind its decimal point");
	}
	if (s->p < s->end && (*s->p | 0x20) == 'e') {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!digits(s))
			return fail(s, start, "a number needs digits behind its exponent");
	}
	emit(s, mark, 2);
	emit(s, start, (size_t)(s->p - start));
	emit(s, "\"", 1);
	return 0;
}

static int literal(struct scan *s)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t left = (size_t)(s->end - s->p);
	int r;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);

		if (left >= n && memcmp(s->p, words[i], n) == 0) {
			emit(s, words[i], n);
			s->p += n;
			return 0;
		}
	}
	r = fail(s, s->p,
		"a value was expected here: a text in \"quotes\", a number, true, false, null, { or [");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		s->cut |= left < strlen(words[i]) && memcmp(s->p, words[i], left) == 0;
	return r;
}

static void step_in(struct scan *s, const char *key, size_t len)
{
	if (!s->wanted)
		return;
	buf_putc(&s->path, '/');
	for (size_t i = 0; i < len; i++) {
		if (key[i] == '~' || key[i] == '/')
			buf_puts(&s->path, key[i] == '~' ? "~0" : "~1");
		else
			buf_putc(&s->path, key[i]);
	}
}

static void note(struct scan *s, const char *at)
{
	if (s->wanted && !s->found && strcmp(buf_text(&s->path), s->wanted) == 0)
		s->found = at;
}

static int member(struct scan *s, size_t index, _Bool object)
{
	size_t length = s->path.len;
	const char *at = s->p;
	char text[24];
	int r;

	if (object) {
		if (s->p >= s->end || *s->p != '"')
			return fail(s, s->p, "a key in \"quotes\" was expected here");
		r = string(s);
		if (r < 0)
			return r;
		step_in(s, at + 1, (size_t)(s->p - at) - 2);
		note(s, at);
		r = space(s);
		if (r < 0)
			return r;
		if (s->p >= s->end || *s->p != ':')
			return fail(s, s->p, "a : was expected here");
		emit(s, ":", 1);
		s->p++;
	} else {
		snprintf(text, sizeof(text), "%zu", index);
		step_in(s, text, strlen(text));
		note(s, at);
	}
	r = value(s);
	if (s->wanted)
		buf_resize(&s->path, length);
	return r;
}

static int container(struct scan *s)
{
	_Bool object = *s->p == '{';
	char close = object ? '}' : ']';
	const char *start = s->p;
	size_t index = 0;
	int r;

	if (++s->depth > MAX_DEPTH)
		return fail(s, s->p, "this is nested more than 64 levels deep");
	emit(s, s->p++, 1);
	for (;;) {
		r = space(s);
		if (r < 0)
			return r;
		if (s->p < s->end && *s->p == close && index == 0)
			break;
		r = member(s, index++, object);
		if (r < 0)
			return r;
		r = space(s);
		if (r < 0)
			return r;
		if (s->p >= s->end)
			return fail(s, start, object ? "this { has no }" : "this [ has no ]");
		if (*s->p == close)
			break;
		if (*s->p != ',')
			return fail(s, s->p,
				object ? "a , or } was expected here" : "a , or ] was expected here");
		emit(s, s->p++, 1);
	}
	emit(s, s->p++, 1);
	s->depth--;
	return 0;
}

static int value(struct scan *s)
{
	int r = space(s);

	if (r < 0)
		return r;
	if (s->p >= s->end)
		return fail(s, s->p, "the text ends where a value was expected");
	if (*s->p == '{' || *s->p == '[')
		return container(s);
	if (*s->p == '"')
		return string(s);
	if (*s->p == '-' || isdigit((unsigned char)*s->p))
		return number(s);
	return literal(s);
}

static struct json_place place_of(const char *start, const char *at)
{
	struct json_place place = {1, 1};

	for (const char *p = start; p < at; p++) {
		place.column++;
		if (*p == '\n') {
			place.line++;
			place.column = 1;
		}
	}
	return place;
}

static int document(struct scan *s)
{
	int r;

	if (s->end - s->p >= 3 && memcmp(s->p, "\xef\xbb\xbf", 3) == 0)
		s->p += 3;
	r = value(s);
	if (r == 0)
		r = space(s);
	if (r == 0 && s->p < s->end)
		r = fail(s, s->p,
			*s->p ? "nothing may follow the end of the document" : "the file holds a NUL byte");
	return r;
}

int json_scan(const char *text, size_t len, unsigned flags, struct buf *out, struct json_place *place,
	struct err *e)
{
	struct scan s = {.start = text, .p = text, .end = text + len, .flags = flags, .out = out};

	if (document(&s) == 0)
		return out->error;
	*place = place_of(text, s.fault_at);
	return err_set(e, EINVAL, "%s", s.fault);
}

_Bool json_cut_off(const char *text, size_t len)
{
	struct scan s = {.start = text, .p = text, .end = text + len};

	return document(&s) < 0 && s.cut;
}

struct json_place json_locate(const char *text, size_t len, const char *pointer)
{
	struct scan s = {.start = text,
		.p = text,
		.end = text + len,
		.flags = JSON_COMMENTS | JSON_REMOTE,
		.path = BUF_INIT(4096),
		.wanted = pointer};
	struct json_place place = {1, 1};

	if (document(&s) == 0 && s.found)
		place = place_of(text, s.found);
	buf_finish(&s.path);
	return place;
}
