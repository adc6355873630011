/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/name.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"

#define BYTES(s) ((const utf8proc_uint8_t *)(s))

static char *well_formed(const char *text)
{
	size_t left = strlen(text);
	struct buf b = BUF_INIT(left * 3 + 1);

	while (left) {
		size_t n = utf8_length(text, left);

		if (n)
			buf_add(&b, text, n);
		else
			buf_puts(&b, "\xef\xbf\xbd");
		text += n ? n : 1;
		left -= n ? n : 1;
	}
	return buf_steal(&b);
}

static char *mapped(const char *text, utf8proc_option_t options)
{
	_cleanup_(mem_freep) char *valid = well_formed(text);
	utf8proc_uint8_t *out = NULL;

	if (utf8proc_map(BYTES(valid), 0, &out, UTF8PROC_NULLTERM | UTF8PROC_STABLE | options) < 0)
		abort();
	return (char *)out;
}

char *name_nfc(const char *text)
{
	return mapped(text, UTF8PROC_COMPOSE);
}

char *name_fold(const char *text)
{
	return mapped(text, UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

static _Bool visible(utf8proc_int32_t code)
{
	switch (utf8proc_category(code)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return 0;
	default:
		return 1;
	}
}

/* Joiner inside an emoji such as a family: a format character that belongs to what people see. */
static _Bool joins(utf8proc_int32_t before, utf8proc_int32_t code)
{
	const utf8proc_property_t *p = utf8proc_get_property(before);

	return code == 0x200d && (p->boundclass == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC ||
					 p->boundclass == UTF8PROC_BOUNDCLASS_EXTEND);
}

static void add_char(struct buf *b, const char *p, size_t n, utf8proc_int32_t code)
{
	/* The full-width forms of what Windows or POSIX refuse, in the order of the string. */
	static const char refused[] = "/\\:*?\"<>|";
	static const char *const instead[] = {"／", "＼", "：", "＊", "？", "＂", "＜", "＞", "｜"};
	const char *at = code < 0x80 && code ? strchr(refused, (int)code) : NULL;

	if (at)
		buf_puts(b, instead[at - refused]);
	else
		buf_add(b, p, n);
}

static char *clean(const char *nfc)
{
	struct buf b = BUF_INIT(strlen(nfc) * 3 + 1);
	utf8proc_int32_t code, before = 0;

	for (const char *p = nfc; *p;) {
		size_t n = (size_t)utf8proc_iterate(BYTES(p), -1, &code);
		_Bool blank = utf8proc_category(code) == UTF8PROC_CATEGORY_ZS || code == '\t' ||
			      code == '\n' || code == '\r';

		if (blank)
			buf_putc(&b, ' ');
		else if (visible(code) || (joins(before, code) && p[n]))
			add_char(&b, p, n, code);
		before = code;
		p += n;
	}
	return buf_steal(&b);
}

/* Cuts to @max bytes without splitting what a reader sees as one character. */
static void cut(char *name, size_t max)
{
	size_t keep = 0, at = 0;
	utf8proc_int32_t state = 0, before = 0, code;

	if (strlen(name) <= max)
		return;
	while (name[at] && at <= max) {
		size_t n = (size_t)utf8proc_iterate(BYTES(name + at), -1, &code);

		if (at == 0 || utf8proc_grapheme_break_stateful(before, code, &state))
			keep = at;
		before = code;
		at += n;
	}
	/* One single character longer than the limit: cut it between code points. */
	if (keep == 0) {
		for (keep = max; keep > 0 && ((unsigned char)name[keep] & 0xc0) == 0x80;)
			keep--;
	}
	name[keep] = '\0';
}

static void trim(char *name)
{
	size_t n = strlen(name), skip = 0;

	while (n && (name[n - 1] == ' ' || name[n - 1] == '.'))
		name[--n] = '\0';
	while (name[skip] == ' ')
		skip++;
	memmove(name, name + skip, n - skip + 1);
}

/* CON, PRN, AUX, NUL, COM0-9, LPT0-9, alone or before a dot (Microsoft, "Naming Files, Paths, and Namespaces"). */
static _Bool device(const char *name)
{
	static const char *const names[] = {"CON", "PRN", "AUX", "NUL"};
	size_t n = strcspn(name, ".");

	while (n && name[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (n == 3 && strncasecmp(name, names[i], 3) == 0)
			return 1;
	}
	return n == 4 && (strncasecmp(name, "COM", 3) == 0 || strncasecmp(name, "LPT", 3) == 0) &&
	       isdigit((unsigned char)name[3]);
}

char *name_safe(const char *text, size_t max)
{
	_cleanup_(mem_freep) char *nfc = name_nfc(text);
	_cleanup_(mem_freep) char *plain = clean(nfc);
	_cleanup_(mem_freep) char *named = NULL;
	char *name;

	trim(plain);
	/* Dropping characters can bring others together: normalise once more. */
	named = name_nfc(plain);
	if (named[0] == '.' || named[0] == '-' || device(named))
		name = str_format("_%s", named);
	else
		name = str_dup(named[0] ? named : (*text ? "_" : "unnamed"));
	cut(name, max < NAME_MAX_BYTES ? max : NAME_MAX_BYTES);
	trim(name);
	return name;
}
