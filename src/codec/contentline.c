/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/contentline.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/json.h"
#include "seamfs/codec/utf8.h"

#define BOM "\xef\xbb\xbf"

/* Whatever is made of a text that content_parse() takes fits: escapes and folds at most triple it. */
#define MOST BUF_MAX_SCRATCH

enum { FOLD = 75 }; /* bytes of a line, without its end */

struct line {
	char *source; /* with its line ends */
	size_t len;
	char *head;   /* all before the value, with the ':'; "" for a line that is none */
	char *group;  /* in capitals */
	char *name;   /* in capitals */
	char *params; /* ";TYPE=work", points into head */
	char *value;
};

struct content {
	struct line *lines;
	int count, size;
	const char *eol; /* of the first line */
	_Bool bom;
};

/* ---- reading ---- */

static void line_finish(struct line *l)
{
	free(l->source);
	free(l->head);
	free(l->group);
	free(l->name);
	free(l->value);
}

/* The length of the line end before @end, which is that of a physical line. */
static size_t eol_length(const char *text, size_t end)
{
	if (!end || text[end - 1] != '\n')
		return 0;
	return end > 1 && text[end - 2] == '\r' ? 2 : 1;
}

/* The bytes of a line without folds and line ends; given. */
static char *unfold(const char *source, size_t len)
{
	struct buf b = BUF_INIT(MOST);
	size_t at = 0;

	while (at < len) {
		const char *newline = memchr(source + at, '\n', len - at);
		size_t end = newline ? (size_t)(newline - source) + 1 : len;

		at += at ? 1 : 0; /* the blank that says "goes on" */
		buf_add(&b, source + at, end - at - eol_length(source + at, end - at));
		at = end;
	}
	return buf_steal(&b);
}

static char *capitals(const char *text, size_t len)
{
	char *copy = mem_dup(text, len);

	for (char *p = copy; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return copy;
}

/* Where the value begins: behind the first ':' that is in no quotes; NULL: this is no such line. */
static char *value_of(char *text)
{
	_Bool quoted = 0;

	for (char *p = text; *p; p++) {
		if (iscntrl((unsigned char)*p) && *p != '\t')
			return NULL;
		if (*p == '"')
			quoted = !quoted;
		if (*p == ':' && !quoted)
			return p + 1;
	}
	return NULL;
}

/* Takes @text and makes of it what can be asked of a line. */
static void line_read(struct line *l, char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	char *value = value_of(text);
	size_t first = strspn(text, letters), second = 0;

	if (text[first] == '.')
		second = strspn(text + first + 1, letters);
	if (!value || !first || (text[first] == '.' && !second) ||
		!strchr(";:", text[first + (second ? second + 1 : 0)])) {
		l->head = str_dup("");
		l->group = str_dup("");
		l->name = str_dup("");
		l->params = l->head;
		l->value = text;
		return;
	}
	l->group = capitals(text, second ? first : 0);
	l->name = second ? capitals(text + first + 1, second) : capitals(text, first);
	l->value = str_dup(value);
	*value = '\0';
	l->head = text;
	l->params = text + first + (second ? second + 1 : 0);
}

static struct line *make_room(struct content *c, int at)
{
	if (c->count == c->size) {
		c->size = c->size ? 2 * c->size : 32;
		c->lines = mem_grow(c->lines, (size_t)c->size, sizeof(*c->lines));
	}
	memmove(c->lines + at + 1, c->lines + at, (size_t)(c->count - at) * sizeof(*c->lines));
	c->count++;
	c->lines[at] = (struct line){0};
	return &c->lines[at];
}

static void add_source(struct content *c, const char *source, size_t len)
{
	struct line *l = make_room(c, c->count);

	l->source = mem_dup(source, len);
	l->len = len;
	line_read(l, unfold(source, len));
}

int content_parse(const char *text, size_t len, struct content **ret, struct err *e)
{
	struct content *c;
	size_t start = len >= 3 && memcmp(text, BOM, 3) == 0 ? 3 : 0, at = start;
	const char *first = memchr(text, '\n', len);

	if (len > BUF_MAX_TEXT)
		return err_set(e, E2BIG, "it is larger than %zu MiB", BUF_MAX_TEXT >> 20);
	if (memchr(text, '\0', len))
		return err_set(e, EINVAL, "it has a NUL byte in it, which no text has");
	if (start < len && strchr(" \t", text[start]))
		return err_set(e, EINVAL, "it begins with a blank, as if a line before it went on");
	c = mem_alloc(sizeof(*c));
	c->bom = start != 0;
	c->eol = first && eol_length(text, (size_t)(first - text) + 1) == 1 ? "\n" : "\r\n";
	while (at < len) {
		const char *newline = memchr(text + at, '\n', len - at);

		at = newline ? (size_t)(newline - text) + 1 : len;
		if (at < len && strchr(" \t", text[at]))
			continue;
		add_source(c, text + start, at - start);
		start = at;
	}
	*ret = c;
	return 0;
}

void content_free(struct content *c)
{
	if (!c)
		return;
	for (int i = 0; i < c->count; i++)
		line_finish(&c->lines[i]);
	free(c->lines);
	free(c);
}

void content_freep(struct content **c)
{
	content_free(*c);
}

int content_print(const struct content *c, struct buf *b)
{
	if (c->bom)
		buf_puts(b, BOM);
	for (int i = 0; i < c->count; i++)
		buf_add(b, c->lines[i].source, c->lines[i].len);
	return b->error;
}

int content_count(const struct content *c)
{
	return c->count;
}

const char *content_name(const struct content *c, int line)
{
	return c->lines[line].name;
}

const char *content_group(const struct content *c, int line)
{
	return c->lines[line].group;
}

const char *content_value(const struct content *c, int line)
{
	return c->lines[line].value;
}

/* ---- parameters ---- */

/* One parameter, from its ';' on. */
struct param {
	const char *start, *name, *values;
	size_t name_len, len; /* of all of it */
};

static size_t quoted_span(const char *text, const char *ends)
{
	_Bool quoted = 0;
	size_t n = 0;

	for (; text[n] && (quoted || !strchr(ends, text[n])); n++)
		quoted ^= text[n] == '"';
	return n;
}

/* The next one at *@at, which moves behind it; false at the end. */
static _Bool next_param(const char **at, struct param *ret)
{
	const char *p = *at;

	if (*p != ';')
		return 0;
	*ret = (struct param){.start = p, .name = p + 1, .len = 1 + quoted_span(p + 1, ";:")};
	ret->name_len = strcspn(p + 1, "=;:");
	if (ret->name_len > ret->len - 1)
		ret->name_len = ret->len - 1;
	ret->values = p[1 + ret->name_len] == '=' ? p + 2 + ret->name_len : NULL;
	*at = p + ret->len;
	return 1;
}

static _Bool named(const struct param *p, const char *name)
{
	if (!p->values)
		return strcasecmp(name, "TYPE") == 0;
	return strlen(name) == p->name_len && strncasecmp(p->name, name, p->name_len) == 0;
}

/* One value without quotes and without the escapes of RFC 6868; given. */
static char *param_value(const char *text, size_t len)
{
	struct buf b = BUF_INIT(MOST);

	for (size_t i = 0; i < len; i++) {
		char next = i + 1 < len ? text[i + 1] : '\0';

		if (text[i] == '^' && next && strchr("n'^", next)) {
			buf_putc(&b, next == 'n' ? '\n' : next == '^' ? '^' : '"');
			i++;
		} else if (text[i] != '"') {
			buf_putc(&b, text[i]);
		}
	}
	return buf_steal(&b);
}

char *content_param(const struct content *c, int line, const char *name)
{
	const char *at = c->lines[line].params;
	struct param p;

	while (next_param(&at, &p)) {
		if (named(&p, name) && p.values)
			return param_value(p.values, quoted_span(p.values, ",;:"));
	}
	return NULL;
}

/* Some programs put the whole list in quotes: TYPE="work,voice". */
static _Bool among(const char *list, const char *value)
{
	while (*list) {
		size_t len = strcspn(list, ",");

		if (strlen(value) == len && strncasecmp(list, value, len) == 0)
			return 1;
		list += len + (list[len] == ',');
	}
	return 0;
}

_Bool content_has(const struct content *c, int line, const char *name, const char *value)
{
	const char *at = c->lines[line].params;
	struct param p;

	while (next_param(&at, &p)) {
		const char *values = p.values ? p.values : p.name;
		_cleanup_(mem_freep) char *list = param_value(values, (size_t)(p.start + p.len - values));

		if (named(&p, name) && (!value || among(list, value)))
			return 1;
	}
	return 0;
}

/* ---- components ---- */

int content_end(const struct content *c, int begin)
{
	int depth = 0;

	for (int i = begin; i < c->count; i++) {
		if (strcmp(c->lines[i].name, "BEGIN") == 0)
			depth++;
		else if (strcmp(c->lines[i].name, "END") == 0 && --depth == 0)
			return i;
	}
	return c->count;
}

int content_next(const struct content *c, int begin, const char *name, int after)
{
	/* A line behind which more is looked for was found here: it is in no component of its own. */
	int at = after > begin ? after : begin, depth = at > begin && strcmp(c->lines[at].name, "BEGIN") == 0;

	for (int i = at + 1; i < c->count; i++) {
		_Bool opens = strcmp(c->lines[i].name, "BEGIN") == 0;

		if (strcmp(c->lines[i].name, "END") == 0 && depth-- == 0)
			return -1;
		if (depth == 0 && strcmp(c->lines[i].name, name) == 0)
			return i;
		depth += opens;
	}
	return -1;
}

/* ---- writing ---- */

/* A line of at most 75 bytes each, never cut inside a character. */
static void fold(struct buf *b, const char *text, const char *eol)
{
	size_t left = strlen(text), room = FOLD;

	while (left > room) {
		size_t n = room;

		for (int i = 0; i < 3 && ((unsigned char)text[n] & 0xc0) == 0x80; i++)
			n--;
		buf_add(b, text, n);
		buf_printf(b, "%s ", eol);
		text += n;
		left -= n;
		room = FOLD - 1;
	}
	buf_puts(b, text);
}

static void set_source(struct content *c, struct line *l, const char *text, const char *eol)
{
	struct buf b = BUF_INIT(MOST);

	fold(&b, text, *eol ? eol : c->eol);
	buf_puts(&b, eol);
	free(l->source);
	l->len = b.len;
	l->source = buf_steal(&b);
}

static char *one_line(const char *text)
{
	char *copy = str_dup(text), *to = copy;

	for (const char *p = copy; *p; p++) {
		if (*p != '\r' && *p != '\n')
			*to++ = *p;
	}
	*to = '\0';
	return copy;
}

void content_put(struct content *c, int line, const char *text)
{
	struct line *l = &c->lines[line], old = *l;
	_cleanup_(mem_freep) char *clean = one_line(text);
	size_t end = eol_length(old.source, old.len);

	*l = (struct line){0};
	line_read(l, str_dup(clean));
	set_source(c, l, clean, end == 0 ? "" : end == 1 ? "\n" : "\r\n");
	line_finish(&old);
}

void content_set(struct content *c, int line, const char *value)
{
	struct line *l = &c->lines[line];
	_cleanup_(mem_freep) char *clean = one_line(value);
	_cleanup_(mem_freep) char *text = str_format("%s%s", l->head, clean);

	if (strcmp(l->value, clean) != 0)
		content_put(c, line, text);
}

int content_insert(struct content *c, int line, const char *text)
{
	_cleanup_(mem_freep) char *clean = one_line(text);
	struct line *l;

	/* The last line may lack its end. */
	if (line == c->count && line && !eol_length(c->lines[line - 1].source, c->lines[line - 1].len)) {
		struct line *last = &c->lines[line - 1];
		char *source = str_format("%s%s", last->source, c->eol);

		free(last->source);
		last->source = source;
		last->len = strlen(source);
	}
	l = make_room(c, line);
	line_read(l, str_dup(clean));
	set_source(c, l, clean, c->eol);
	return line;
}

void content_add(struct content *c, int begin, const char *text)
{
	int inner = content_next(c, begin, "BEGIN", 0);

	content_insert(c, inner >= 0 ? inner : content_end(c, begin), text);
}

void content_remove(struct content *c, int line)
{
	line_finish(&c->lines[line]);
	c->count--;
	memmove(c->lines + line, c->lines + line + 1, (size_t)(c->count - line) * sizeof(*c->lines));
}

void content_drop_param(struct content *c, int line, const char *name)
{
	struct line *l = &c->lines[line];
	struct buf b = BUF_INIT(MOST);
	const char *at = l->params;
	struct param p;

	buf_add(&b, l->head, (size_t)(l->params - l->head));
	while (next_param(&at, &p)) {
		if (!p.values || !named(&p, name))
			buf_add(&b, p.start, p.len);
	}
	buf_printf(&b, ":%s", l->value);
	if (*l->head)
		content_put(c, line, buf_text(&b));
	buf_finish(&b);
}

/* ---- texts ---- */

char *content_text(const char *value, size_t len)
{
	struct buf b = BUF_INIT(MOST);

	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(value + i, len - i);
		char next = i + 1 < len ? value[i + 1] : '\0';

		if (value[i] == '\\' && next && strchr("nN\\,;:\"'", next)) {
			buf_putc(&b, next == 'n' || next == 'N' ? '\n' : next);
			i += 2;
		} else if (n) {
			buf_add(&b, value + i, n);
			i += n;
		} else {
			buf_puts(&b, "\xef\xbf\xbd");
			i++;
		}
	}
	return buf_steal(&b);
}

int content_escape(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			buf_puts(b, "\\n");
		else if (strchr("\\,;", *text))
			buf_printf(b, "\\%c", *text);
		else if (!iscntrl((unsigned char)*text) || *text == '\t')
			buf_putc(b, *text);
	}
	return b->error;
}

size_t content_part(const char *value, char separator)
{
	size_t n = 0;

	for (; value[n] && value[n] != separator; n++) {
		if (value[n] == '\\' && value[n + 1])
			n++;
	}
	return n;
}

static void add_tags(cJSON *tags, const char *value)
{
	while (*value) {
		size_t len = content_part(value, ','), first = strspn(value, " \t"), end = len;

		while (end > first && value[end - 1] == ' ')
			end--;
		if (end > first) {
			_cleanup_(mem_freep) char *tag = content_text(value + first, end - first);

			cJSON_AddItemToArray(tags, cJSON_CreateString(tag));
		}
		value += len + (value[len] != '\0');
	}
}

cJSON *content_tags(const struct content *c, int begin, const char *name)
{
	cJSON *tags = cJSON_CreateArray();

	for (int i = content_next(c, begin, name, 0); i >= 0; i = content_next(c, begin, name, i))
		add_tags(tags, c->lines[i].value);
	return tags;
}

void content_set_tags(struct content *c, int begin, const char *name, const cJSON *tags)
{
	_cleanup_json_ cJSON *now = content_tags(c, begin, name);
	_cleanup_(buf_finish) struct buf value = BUF_INIT(MOST);
	int first = content_next(c, begin, name, 0), other;
	const cJSON *tag;

	if (cJSON_GetArraySize(tags) == 0 ? !now->child : json_equal(now, tags))
		return;
	cJSON_ArrayForEach (tag, tags) {
		buf_puts(&value, value.len ? "," : "");
		content_escape(&value, json_text(tag) ? json_text(tag) : "");
	}
	while ((other = content_next(c, begin, name, value.len ? first : 0)) >= 0)
		content_remove(c, other);
	if (value.len && first >= 0) {
		content_set(c, first, buf_text(&value));
	} else if (value.len) {
		_cleanup_(mem_freep) char *line = str_format("%s:%s", name, buf_text(&value));

		content_add(c, begin, line);
	}
}

int64_t content_instant(const char *value)
{
	_cleanup_(mem_freep) char *extended = NULL;
	int64_t ms = 0;

	if (strlen(value) >= 15 && strspn(value, "0123456789") == 8 && value[8] == 'T')
		extended = str_format("%.4s-%.2s-%.2sT%.2s:%.2s:%s", value, value + 4, value + 6, value + 9,
			value + 11, value + 13);
	return instant_parse(extended ? extended : value, &ms) < 0 ? 0 : ms;
}

char *content_stamp(int64_t ms, char ret[CONTENT_STAMP_SIZE])
{
	char *to = ret;

	clock_format_utc(ms - ms % 1000, ret);
	for (const char *p = ret; *p; p++) {
		if (*p != '-' && *p != ':')
			*to++ = *p;
	}
	*to = '\0';
	return ret;
}
