/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/csv.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";
static const size_t no_header = SIZE_MAX;

struct cell {
	char *text;	   /* the new text; NULL while the cell is what the source says */
	size_t start, len; /* its bytes in the source, quotes included */
};

struct line {
	size_t start, len;   /* its bytes in the source, without the line end */
	const char *end;     /* "\n", "\r\n", "\r", or "" at the end of the file */
	unsigned number;     /* 0: added */
	size_t first, count; /* its cells; a blank line has none */
	_Bool changed, removed;
};

struct csv_sheet {
	char *source;
	char *decoded; /* the source again, but each cell's text, with a NUL, stands at the cell's start */
	size_t len;
	size_t body; /* where the first line begins: behind a byte order mark */
	char separator;
	const char *end; /* for added rows */

	struct line *lines; /* header, rows and blank lines, as they follow each other */
	size_t line_count, line_size;
	struct cell *cells; /* of all lines; a line's cells are neighbours */
	size_t cell_count, cell_size;
	size_t *rows; /* lines that are rows */
	size_t row_count, row_size;
	size_t header; /* line of the header, or no_header */
};

/* Makes room for one more element. */
static void *room(void *array, size_t count, size_t *size, size_t each)
{
	if (count < *size)
		return array;
	*size = *size ? *size * 2 : 64;
	return mem_grow(array, *size, each);
}

static void push_cell(struct csv_sheet *s, struct line *line, struct cell cell)
{
	s->cells = room(s->cells, s->cell_count, &s->cell_size, sizeof(*s->cells));
	s->cells[s->cell_count++] = cell;
	line->count++;
}

static void push_row(struct csv_sheet *s, size_t line)
{
	s->rows = room(s->rows, s->row_count, &s->row_size, sizeof(*s->rows));
	s->rows[s->row_count++] = line;
}

static void push_line(struct csv_sheet *s, struct line line)
{
	s->lines = room(s->lines, s->line_count, &s->line_size, sizeof(*s->lines));
	s->lines[s->line_count++] = line;
}

/* The line end that begins at @p, "" when there is none. */
static const char *line_end(const char *p)
{
	if (*p == '\n')
		return "\n";
	if (*p == '\r')
		return p[1] == '\n' ? "\r\n" : "\r";
	return "";
}

/* Refuses what no sheet can hold, with the line where it stands. */
static int check_bytes(const char *text, size_t len, struct err *e)
{
	unsigned line = 1;

	for (size_t i = 0; i < len;) {
		size_t n = (unsigned char)text[i] < 0x80 ? 1 : utf8_length(text + i, len - i);

		if (!text[i])
			return err_set(e, EINVAL, "line %u holds a NUL byte: this is no CSV text", line);
		if (!n)
			return err_set(
				e, EINVAL, "line %u is not UTF-8: save the sheet as CSV in UTF-8", line);
		/* Behind the text may be anything: a CR at the end is counted without a look at it. */
		line += text[i] == '\n' || (text[i] == '\r' && (i + 1 == len || text[i + 1] != '\n'));
		i += n;
	}
	return 0;
}

/* The candidate that the header uses most, outside of quotes; @ret_end: where the header ends so. */
static char guess_separator(const char *p, const char **ret_end)
{
	static const char candidates[] = {',', ';', '\t'};
	size_t counts[sizeof(candidates)] = {0}, best = 0;
	_Bool quoted = 0, begins = 1;

	for (p += strspn(p, "\r\n"); *p && (quoted || !*line_end(p)); p++) {
		const char *hit = quoted ? NULL : memchr(candidates, *p, sizeof(candidates));

		if (hit)
			counts[hit - candidates]++;
		else if (quoted && p[0] == '"' && p[1] == '"')
			p++;
		else if (*p == '"' && (quoted || begins))
			quoted = !quoted;
		begins = hit != NULL;
	}
	for (size_t i = 1; i < sizeof(candidates); i++) {
		if (counts[i] > counts[best])
			best = i;
	}
	*ret_end = quoted ? NULL : p;
	return candidates[best];
}

/* Decodes the quoted cell at *@at and moves behind it; *@number counts the line ends inside. */
static int read_quoted(struct csv_sheet *s, size_t *at, unsigned *number, struct err *e)
{
	const char *text = s->source;
	size_t i = *at + 1, out = *at;
	unsigned first = *number;

	for (;; i++) {
		if (!text[i])
			return err_set(
				e, EINVAL, "line %u: a quoted cell begins here and does not end", first);
		if (text[i] == '"' && text[++i] != '"')
			break;
		*number += text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n');
		s->decoded[out++] = text[i];
	}
	if (text[i] && text[i] != s->separator && !*line_end(text + i))
		return err_set(e, EINVAL, "line %u: text stands behind a closing quote", *number);
	s->decoded[out] = '\0';
	*at = i;
	return 0;
}

/* Reads the line at *@at with its cells and moves behind its end. */
static int read_line(struct csv_sheet *s, size_t *at, unsigned *number, struct err *e)
{
	const char stops[] = {s->separator, '\r', '\n', '\0'};
	struct line line = {.start = *at, .number = *number, .first = s->cell_count};
	const char *text = s->source;
	size_t i = *at;

	for (_Bool more = !*line_end(text + i); more; i += more) {
		struct cell cell = {.start = i};
		int r = 0;

		if (text[i] == '"') {
			r = read_quoted(s, &i, number, e);
		} else {
			i += strcspn(text + i, stops);
			s->decoded[i] = '\0';
		}
		if (r < 0)
			return r;
		cell.len = i - cell.start;
		push_cell(s, &line, cell);
		more = text[i] == s->separator;
	}
	line.len = i - line.start;
	line.end = line_end(text + i);
	push_line(s, line);
	*at = i + strlen(line.end);
	*number += 1;
	return 0;
}

static int read_lines(struct csv_sheet *s, const char *header_end, struct err *e)
{
	unsigned number = 1;
	size_t at = s->body;

	while (at < s->len) {
		size_t line = s->line_count;
		int r = read_line(s, &at, &number, e);

		if (r < 0)
			return r;
		if (!s->lines[line].count)
			continue;
		if (s->header != no_header)
			push_row(s, line);
		else if (s->source + s->lines[line].start + s->lines[line].len == header_end)
			s->header = line;
		else
			/* Else a change in a row could change how the header is read. */
			return err_set(e, EINVAL, "line %u: a quote in the header has no counterpart",
				s->lines[line].number);
	}
	if (s->line_count && *s->lines[0].end)
		s->end = s->lines[0].end;
	return 0;
}

int csv_parse(const char *text, size_t len, struct csv_sheet **ret, struct err *e)
{
	_cleanup_(csv_freep) struct csv_sheet *s = NULL;
	const char *header_end;
	int r;

	r = check_bytes(text, len, e);
	if (r < 0)
		return r;
	s = mem_alloc(sizeof(*s));
	s->source = mem_dup(text, len);
	s->decoded = mem_dup(text, len);
	s->len = len;
	s->end = "\n";
	s->header = no_header;
	s->body = strncmp(s->source, byte_order_mark, 3) == 0 ? 3 : 0;
	s->separator = guess_separator(s->source + s->body, &header_end);
	r = read_lines(s, header_end, e);
	if (r < 0)
		return r;
	*ret = s;
	s = NULL;
	return 0;
}

void csv_free(struct csv_sheet *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->cell_count; i++)
		free(s->cells[i].text);
	free(s->cells);
	free(s->lines);
	free(s->rows);
	free(s->decoded);
	free(s->source);
	free(s);
}

void csv_freep(struct csv_sheet **sheet)
{
	csv_free(*sheet);
}

static const char *cell_text(const struct csv_sheet *s, const struct line *line, size_t column)
{
	const struct cell *cell;

	if (column >= line->count)
		return "";
	cell = &s->cells[line->first + column];
	return cell->text ? cell->text : s->decoded + cell->start;
}

size_t csv_columns(const struct csv_sheet *s)
{
	return s->header == no_header ? 0 : s->lines[s->header].count;
}

size_t csv_rows(const struct csv_sheet *s)
{
	return s->row_count;
}

const char *csv_header(const struct csv_sheet *s, size_t column)
{
	return cell_text(s, &s->lines[s->header], column);
}

/* What a header is compared by: no outer blanks, no case, one Unicode form. */
static char *fold(const char *text)
{
	static const char blanks[] = " \t\r\n";
	size_t len;
	utf8proc_uint8_t *folded;
	_cleanup_(mem_freep) char *trimmed = NULL;

	text += strspn(text, blanks);
	len = strlen(text);
	while (len && strchr(blanks, text[len - 1]))
		len--;
	trimmed = mem_dup(text, len);
	folded = utf8proc_NFKC_Casefold((const utf8proc_uint8_t *)trimmed);
	return folded ? (char *)folded : str_dup(trimmed);
}

int csv_column(const struct csv_sheet *s, const char *name)
{
	_cleanup_(mem_freep) char *wanted = fold(name);
	size_t columns = csv_columns(s);

	for (size_t c = 0; c < columns; c++) {
		if (strcmp(csv_header(s, c), name) == 0)
			return (int)c;
	}
	for (size_t c = 0; c < columns; c++) {
		_cleanup_(mem_freep) char *header = fold(csv_header(s, c));

		if (strcmp(header, wanted) == 0)
			return (int)c;
	}
	return -1;
}

static struct line *row_line(const struct csv_sheet *s, size_t row)
{
	return &s->lines[s->rows[row]];
}

const char *csv_cell(const struct csv_sheet *s, size_t row, size_t column)
{
	return cell_text(s, row_line(s, row), column);
}

unsigned csv_line(const struct csv_sheet *s, size_t row)
{
	return row_line(s, row)->number;
}

size_t csv_number(const struct csv_sheet *s, size_t row)
{
	return s->rows[row] + 1;
}

char csv_separator(const struct csv_sheet *s)
{
	return s->separator;
}

/* Gives a row that is too short its missing cells: all its cells move to the end of the array. */
static void extend(struct csv_sheet *s, struct line *line, size_t count)
{
	size_t old = line->first, old_count = line->count;

	line->first = s->cell_count;
	line->count = 0;
	for (size_t i = 0; i < count; i++) {
		/* Where the source ends, an empty text stands. */
		struct cell cell = {.start = s->len};

		if (i < old_count) {
			cell = s->cells[old + i];
			s->cells[old + i].text = NULL;
		}
		push_cell(s, line, cell);
	}
}

void csv_set(struct csv_sheet *s, size_t row, size_t column, const char *text)
{
	struct line *line = row_line(s, row);

	if (strcmp(cell_text(s, line, column), text) == 0)
		return;
	if (column >= line->count)
		extend(s, line, column + 1);
	str_set(&s->cells[line->first + column].text, text);
	line->changed = 1;
}

size_t csv_add_row(struct csv_sheet *s)
{
	struct line *last = s->line_count ? &s->lines[s->line_count - 1] : NULL;
	struct line line = {.end = s->end, .changed = 1};

	/* A file whose last line has no end stays one. */
	if (last && !*last->end) {
		last->end = s->end;
		line.end = "";
	}
	extend(s, &line, csv_columns(s));
	push_line(s, line);
	push_row(s, s->line_count - 1);
	return s->row_count - 1;
}

void csv_remove_row(struct csv_sheet *s, size_t row)
{
	row_line(s, row)->removed = 1;
	s->row_count--;
	memmove(s->rows + row, s->rows + row + 1, (s->row_count - row) * sizeof(*s->rows));
}

static int quote(struct buf *b, const char *text)
{
	buf_putc(b, '"');
	for (size_t n; *text; text += n) {
		n = strcspn(text, "\"");
		buf_add(b, text, n);
		if (!text[n])
			break;
		buf_puts(b, "\"\"");
		n++;
	}
	return buf_putc(b, '"');
}

/* They also take + and -, but "+49 30 1234" and "- call back" are what people write. */
_Bool csv_wants_guard(const char *text)
{
	char c = text[strspn(text, "'")];

	return c && strchr("=@\t\r", c);
}

int csv_quote(struct buf *b, const char *text, char separator)
{
	const char specials[] = {separator, '"', '\r', '\n', '\0'};

	return text[strcspn(text, specials)] ? quote(b, text) : buf_puts(b, text);
}

static void print_changed(const struct csv_sheet *s, const struct line *line, struct buf *b)
{
	size_t begin = b->len;

	for (size_t i = 0; i < line->count; i++) {
		const struct cell *cell = &s->cells[line->first + i];

		if (i)
			buf_putc(b, s->separator);
		if (!cell->text)
			buf_add(b, s->source + cell->start, cell->len);
		else if (s->source[cell->start] == '"')
			quote(b, cell->text);
		else
			csv_quote(b, cell->text, s->separator);
	}
	/* A row of one empty cell must not become a blank line. */
	if (b->len == begin)
		buf_puts(b, "\"\"");
}

int csv_print(const struct csv_sheet *s, struct buf *b)
{
	buf_add(b, s->source, s->body);
	for (size_t i = 0; i < s->line_count; i++) {
		const struct line *line = &s->lines[i];

		if (line->removed)
			continue;
		if (line->changed)
			print_changed(s, line, b);
		else
			buf_add(b, s->source + line->start, line->len);
		buf_puts(b, line->end);
	}
	return b->error;
}
