/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/vcard.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/contentline.h"
#include "seamfs/codec/json.h"

enum { UNPREFERRED = 101, MOST_PARTS = 16, N_PARTS = 5 };

struct vcard {
	struct content *content;
	int begin, count;
};

/* Where a part stands. */
static const struct place {
	const char *name;
	int part;	    /* of a value in parts, -1: the value is one text */
	_Bool uri;	    /* its value has no escapes */
	const char *scheme; /* that some programs put before it */
	const char *label;  /* of a new line, before the ':' */
} places[VCARD_PART_COUNT] = {
	[VCARD_NAME] = {"FN", -1, .label = "FN"},
	[VCARD_COMPANY_NAME] = {"ORG", 0, .label = "ORG"},
	[VCARD_ROLE] = {"TITLE", -1, .label = "TITLE"},
	[VCARD_EMAIL] = {"EMAIL", -1, .scheme = "mailto:", .label = "EMAIL;TYPE=INTERNET"},
	[VCARD_PHONE] = {"TEL", -1, .scheme = "tel:", .label = "TEL;TYPE=VOICE"},
	[VCARD_URL] = {"URL", -1, .uri = 1, .label = "URL"},
	[VCARD_STREET] = {"ADR", 2, .label = "ADR;TYPE=WORK"},
	[VCARD_CITY] = {"ADR", 3, .label = "ADR;TYPE=WORK"},
	[VCARD_ZIP] = {"ADR", 5, .label = "ADR;TYPE=WORK"},
	[VCARD_COUNTRY] = {"ADR", 6, .label = "ADR;TYPE=WORK"},
	[VCARD_NOTE] = {"NOTE", -1, .label = "NOTE"},
	[VCARD_UID] = {"UID", -1, .uri = 1, .label = "UID"},
};

/* ---- values in parts: "Doe;Jane;;;" ---- */

struct parts {
	char *text[MOST_PARTS]; /* escaped, as in the card; the last one has all that follows */
	int count;
};

static void parts_finish(struct parts *p)
{
	for (int i = 0; i < p->count; i++)
		free(p->text[i]);
}

static struct parts parts_of(const char *value)
{
	struct parts p = {0};

	for (;;) {
		size_t len = p.count + 1 < MOST_PARTS ? content_part(value, ';') : strlen(value);

		p.text[p.count++] = mem_dup(value, len);
		if (!value[len])
			return p;
		value += len + 1;
	}
}

static char *part_text(const struct parts *p, int part)
{
	return part < p->count ? content_text(p->text[part], strlen(p->text[part])) : str_dup("");
}

static void set_part(struct parts *p, int part, const char *text)
{
	struct buf b = BUF_INIT(BUF_MAX_TEXT);

	while (p->count <= part)
		p->text[p->count++] = str_dup("");
	content_escape(&b, text ? text : "");
	free(p->text[part]);
	p->text[part] = buf_steal(&b);
}

static _Bool parts_empty(const struct parts *p)
{
	int i = 0;

	while (i < p->count && !p->text[i][strspn(p->text[i], " ")])
		i++;
	return i == p->count;
}

static char *join_parts(const struct parts *p)
{
	struct buf b = BUF_INIT(BUF_MAX_SCRATCH);

	for (int i = 0; i < p->count; i++)
		buf_printf(&b, "%s%s", i ? ";" : "", p->text[i]);
	return buf_steal(&b);
}

/* ---- which line ---- */

static _Bool line_empty(const struct vcard *v, int line)
{
	const char *value = content_value(v->content, line);

	return !value[strspn(value, " \t;")];
}

/* The less, the more preferred: PREF of 4.0 counts from 1 to 100, TYPE=pref of 3.0 is one word. */
static int rank(const struct vcard *v, int line)
{
	_cleanup_(mem_freep) char *pref = content_param(v->content, line, "PREF");
	int n = pref ? atoi(pref) : 0;

	if (n > 0 && n < UNPREFERRED)
		return n;
	return content_has(v->content, line, "TYPE", "PREF") ? 1 : UNPREFERRED;
}

static _Bool no_phone(const struct vcard *v, int line)
{
	return strcmp(content_name(v->content, line), "TEL") == 0 &&
	       (content_has(v->content, line, "TYPE", "FAX") ||
		       content_has(v->content, line, "TYPE", "PAGER"));
}

/* The line that is meant by that name: the most preferred that is not empty; -1: there is none. */
static int choose(const struct vcard *v, const char *name)
{
	int best = -1, best_rank = UNPREFERRED + 2;

	for (int i = content_next(v->content, v->begin, name, 0); i >= 0;
		i = content_next(v->content, v->begin, name, i)) {
		int this = line_empty(v, i) ? UNPREFERRED + 1 : rank(v, i);

		if (this < best_rank && !no_phone(v, i)) {
			best = i;
			best_rank = this;
		}
	}
	return best;
}

static int line_of(const struct vcard *v, enum vcard_part part)
{
	int line = choose(v, places[part].name);

	if (part == VCARD_ROLE && (line < 0 || line_empty(v, line)) && choose(v, "ROLE") >= 0)
		return choose(v, "ROLE");
	return line;
}

static void add_line(struct vcard *v, const char *label, const char *value)
{
	_cleanup_(mem_freep) char *text = str_format("%s:%s", label, value);

	content_add(v->content, v->begin, text);
}

/* What programs of Apple's say about a line in others of its group (item1.X-ABLabel) goes with it. */
static void remove_line(struct vcard *v, int line)
{
	_cleanup_(mem_freep) char *group = str_dup(content_group(v->content, line));
	int end, others = 0;

	content_remove(v->content, line);
	end = content_end(v->content, v->begin);
	for (int i = v->begin; *group && i < end; i++) {
		if (strcmp(content_group(v->content, i), group) == 0)
			others += strncmp(content_name(v->content, i), "X-AB", 4) != 0;
	}
	for (int i = end - 1; *group && !others && i > v->begin; i--) {
		if (strcmp(content_group(v->content, i), group) == 0)
			content_remove(v->content, i);
	}
}

/* ---- reading ---- */

/* Without outer blanks, and of one line; takes @text. NULL when nothing is left. */
static char *tidy(char *text, _Bool lines)
{
	_cleanup_(mem_freep) char *whole = text;
	size_t first = strspn(text, " \t\r\n"), end = strlen(text);
	struct buf b = BUF_INIT(BUF_MAX_SCRATCH);

	if (lines)
		return text[first] ? str_dup(text) : NULL;
	while (end > first && strchr(" \t\r\n", text[end - 1]))
		end--;
	for (size_t i = first; i < end; i++) {
		if (text[i] == '\n')
			buf_puts(&b, i && text[i - 1] == ',' ? " " : ", ");
		else if (!iscntrl((unsigned char)text[i]))
			buf_putc(&b, text[i]);
	}
	if (b.len)
		return buf_steal(&b);
	buf_finish(&b);
	return NULL;
}

static char *line_text(const struct vcard *v, int line, const struct place *place)
{
	const char *value = content_value(v->content, line);
	struct parts p;
	char *text;

	if (place->part >= 0) {
		p = parts_of(value);
		text = part_text(&p, place->part);
		parts_finish(&p);
		return tidy(text, 0);
	}
	if (place->scheme && strncasecmp(value, place->scheme, strlen(place->scheme)) == 0)
		value += strlen(place->scheme);
	return tidy(content_text(value, strlen(value)), strcmp(place->name, "NOTE") == 0);
}

/* "Dr. Jane Mary Doe, PhD" of N's family, given, more names, before and behind it. */
static char *name_of_parts(const struct vcard *v)
{
	static const int order[] = {3, 1, 2, 0, 4};
	_cleanup_(parts_finish) struct parts p = {0};
	struct buf b = BUF_INIT(BUF_MAX_SCRATCH);
	int line = choose(v, "N");

	if (line >= 0)
		p = parts_of(content_value(v->content, line));
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		_cleanup_(mem_freep) char *text = part_text(&p, order[i]);

		if (text[strspn(text, " ")])
			buf_printf(&b, "%s%s", b.len ? " " : "", text);
	}
	return tidy(buf_steal(&b), 0);
}

static char *name_of(const struct vcard *v)
{
	static const enum vcard_part others[] = {VCARD_COMPANY_NAME, VCARD_EMAIL, VCARD_PHONE, VCARD_UID};
	int line = choose(v, "FN");
	char *name = line < 0 ? NULL : line_text(v, line, &places[VCARD_NAME]);

	if (!name)
		name = name_of_parts(v);
	for (size_t i = 0; !name && i < ARRAY_LEN(others); i++)
		name = vcard_get(v, others[i]);
	return name ? name : str_dup("unnamed");
}

char *vcard_get(const struct vcard *v, enum vcard_part part)
{
	int line;

	if (part == VCARD_NAME)
		return name_of(v);
	line = line_of(v, part);
	return line < 0 ? NULL : line_text(v, line, &places[part]);
}

enum vcard_kind vcard_kind(const struct vcard *v)
{
	int line = choose(v, "KIND"), as = choose(v, "X-ABSHOWAS"),
	    group = choose(v, "X-ADDRESSBOOKSERVER-KIND");
	_cleanup_(mem_freep) char *company = NULL, *name = NULL, *person = NULL;
	const char *kind = line < 0 ? "" : content_value(v->content, line);

	if (strcasecmp(kind, "org") == 0 ||
		(as >= 0 && strcasecmp(content_value(v->content, as), "COMPANY") == 0))
		return VCARD_COMPANY;
	if (group >= 0 || (*kind && strcasecmp(kind, "individual") != 0))
		return VCARD_OTHER;
	company = vcard_get(v, VCARD_COMPANY_NAME);
	person = name_of_parts(v);
	if (*kind || !company || person)
		return VCARD_PERSON;
	name = vcard_get(v, VCARD_NAME);
	return strcasecmp(name, company) == 0 ? VCARD_COMPANY : VCARD_PERSON;
}

/* ---- writing ---- */

/* Takes @ending away from the end of @text, with the blanks and commas before it. */
static _Bool cut_end(char *text, const char *ending)
{
	size_t n = strlen(text), len = strlen(ending);

	if (!len || n <= len || strcmp(text + n - len, ending) != 0 || !strchr(" ,", text[n - len - 1]))
		return 0;
	for (n -= len; n && strchr(" ,", text[n - 1]); n--)
		;
	text[n] = '\0';
	return 1;
}

/* Takes a part of N off the end of @rest. A part that the old name showed and the new one does not is no longer one. */
static void take_end(struct parts *p, int part, const char *old, char *rest)
{
	_cleanup_(mem_freep) char *text = part_text(p, part);

	if (*text && !cut_end(rest, text) && strstr(old, text))
		set_part(p, part, NULL);
}

/*
 * N of a person who was called @old and is called @name now. What stands before and behind the name stays while the new name has it
 * too, or the old one did not show it; the family name is the old one where the new name still ends with it, else the last word.
 */
static void set_name_parts(struct parts *p, const char *old, const char *name)
{
	_cleanup_(mem_freep) char *whole = str_dup(name), *family = part_text(p, 0),
				  *before = part_text(p, 3);
	size_t len = strlen(before);
	char *rest = whole, *last;

	if (len && strncmp(whole, before, len) == 0 && whole[len] == ' ')
		rest += len + strspn(whole + len, " ");
	else if (len && strncmp(old, before, len) == 0)
		set_part(p, 3, NULL);
	take_end(p, 4, old, rest);
	if (!cut_end(rest, family)) {
		last = strrchr(rest, ' ');
		set_part(p, 0, last ? last + 1 : NULL);
		if (last)
			*last = '\0';
	}
	take_end(p, 2, old, rest);
	set_part(p, 1, rest);
}

static void put_value(struct vcard *v, int line, const char *label, const char *value)
{
	if (line < 0)
		add_line(v, label, value);
	else
		content_set(v->content, line, value);
}

static void set_n(struct vcard *v, const char *old, const char *name)
{
	int line = choose(v, "N");
	struct parts p = parts_of(line < 0 ? ";;;;" : content_value(v->content, line));
	_cleanup_(mem_freep) char *value = NULL;

	while (p.count < N_PARTS)
		p.text[p.count++] = str_dup("");
	set_name_parts(&p, old, name);
	value = join_parts(&p);
	put_value(v, line, "N", value);
	parts_finish(&p);
}

/* A part of a value; a line of which nothing is left goes. */
static void set_part_of(struct vcard *v, int line, const struct place *place, const char *text)
{
	struct parts p = parts_of(line < 0 ? place->part ? ";;;;;;" : "" : content_value(v->content, line));
	_cleanup_(mem_freep) char *value = NULL;

	set_part(&p, place->part, text);
	value = join_parts(&p);
	if (!parts_empty(&p))
		put_value(v, line, place->label, value);
	else if (line >= 0)
		remove_line(v, line);
	parts_finish(&p);
}

static void set_whole(struct vcard *v, int line, const struct place *place, const char *text)
{
	_cleanup_(buf_finish) struct buf value = BUF_INIT(BUF_MAX_SCRATCH);

	if (!text) {
		if (line >= 0)
			remove_line(v, line);
		return;
	}
	if (place->uri)
		buf_puts(&value, text);
	else
		content_escape(&value, text);
	put_value(v, line, place->label, buf_text(&value));
	/* "tel:" lines are URIs, which a number with blanks is not. */
	if (line >= 0 && place->scheme)
		content_drop_param(v->content, line, "VALUE");
}

static void set_name(struct vcard *v, const char *text)
{
	_cleanup_(mem_freep) char *old = vcard_get(v, VCARD_NAME),
				  *company = vcard_get(v, VCARD_COMPANY_NAME);
	enum vcard_kind kind = vcard_kind(v);

	if (kind == VCARD_COMPANY && (!company || strcasecmp(company, old) == 0))
		set_part_of(v, line_of(v, VCARD_COMPANY_NAME), &places[VCARD_COMPANY_NAME], text);
	set_whole(v, choose(v, "FN"), &places[VCARD_NAME], text);
	if (kind != VCARD_COMPANY)
		set_n(v, old, text);
}

void vcard_set(struct vcard *v, enum vcard_part part, const char *text)
{
	const struct place *place = &places[part];
	_cleanup_(mem_freep) char *now = vcard_get(v, part);
	int line = line_of(v, part);

	if (text && !*text)
		text = NULL;
	/* A name that only another property tells has yet to be written. */
	if (str_equal(now, text) && (part != VCARD_NAME || line >= 0))
		return;
	if (part == VCARD_NAME && text)
		set_name(v, text);
	else if (part != VCARD_NAME && place->part >= 0)
		set_part_of(v, line, place, text);
	else if (part != VCARD_NAME)
		set_whole(v, line, place, text);
}

cJSON *vcard_tags(const struct vcard *v)
{
	return content_tags(v->content, v->begin, "CATEGORIES");
}

void vcard_set_tags(struct vcard *v, const cJSON *tags)
{
	content_set_tags(v->content, v->begin, "CATEGORIES", tags);
}

void vcard_touch(struct vcard *v, int64_t now_ms)
{
	int line = choose(v, "REV");
	char stamp[CONTENT_STAMP_SIZE], text[CLOCK_UTC_SIZE];

	if (line < 0)
		return;
	if (strchr(content_value(v->content, line), '-'))
		content_set(v->content, line, clock_format_utc(now_ms - now_ms % 1000, text));
	else
		content_set(v->content, line, content_stamp(now_ms, stamp));
}

int64_t vcard_changed(const struct vcard *v)
{
	int line = choose(v, "REV");

	return line < 0 ? 0 : content_instant(content_value(v->content, line));
}

/* ---- whole cards ---- */

static int check_card(struct vcard *v, struct err *e)
{
	int version;

	for (int i = 0; i < content_count(v->content); i++) {
		if (strcmp(content_name(v->content, i), "BEGIN") != 0 ||
			strcasecmp(content_value(v->content, i), "VCARD") != 0)
			continue;
		if (!v->count++)
			v->begin = i;
	}
	if (!v->count)
		return err_set(e, EINVAL, "there is no vCard in it: a line BEGIN:VCARD is missing");
	if (content_end(v->content, v->begin) == content_count(v->content))
		return err_set(e, EINVAL, "the vCard is cut off: its line END:VCARD is missing");
	version = content_next(v->content, v->begin, "VERSION", 0);
	if (version >= 0 && strncmp(content_value(v->content, version), "2.", 2) == 0)
		return err_set(e, EINVAL, "this is a vCard 2.1; export it again as vCard 3.0 or 4.0");
	return 0;
}

int vcard_parse(const char *text, size_t len, struct vcard **ret, struct err *e)
{
	struct vcard *v = mem_alloc(sizeof(*v));
	int r = content_parse(text, len, &v->content, e);

	if (r == 0)
		r = check_card(v, e);
	if (r < 0)
		vcard_free(v);
	else
		*ret = v;
	return r;
}

struct vcard *vcard_new(const char *uid, enum vcard_kind kind)
{
	_cleanup_(mem_freep) char *text =
		str_format("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%s\r\n%sEND:VCARD\r\n", uid,
			kind == VCARD_COMPANY ? "N:;;;;\r\nX-ABShowAs:COMPANY\r\n" : "");
	struct vcard *v = NULL;

	if (vcard_parse(text, strlen(text), &v, NULL) < 0)
		abort();
	return v;
}

void vcard_free(struct vcard *v)
{
	if (!v)
		return;
	content_free(v->content);
	free(v);
}

void vcard_freep(struct vcard **v)
{
	vcard_free(*v);
}

int vcard_count(const struct vcard *v)
{
	return v->count;
}

int vcard_print(const struct vcard *v, struct buf *b)
{
	return content_print(v->content, b);
}
