/* SPDX-License-Identifier: Apache-2.0 */
/* texts - the contents of files that seamfs writes itself.        Threads: any. */
#pragma once

#include "tree/node.h"

/* generated.c: the texts of fixed files */
int generated_read(struct tree *tree, enum place_fixed file, struct buf *b);

/* export.c: all records of a folder in one text; @form is one of the three of PLACE_ASIDE_EXPORT */
int export_read(struct tree *tree, struct place dir, enum place_aside form, struct buf *b);

/* explain.c: where a record stands in its tools and who set its fields; its changes; what was refused in a folder; what was
 * made there lately */
int explain_record(struct tree *tree, int64_t record, struct buf *b);
int explain_log(struct tree *tree, int64_t record, struct buf *b);
int explain_day(struct tree *tree, int64_t from_ms, int64_t to_ms, struct buf *b);
int explain_errors(struct tree *tree, struct place dir, struct buf *b);
int explain_last(struct tree *tree, struct place dir, struct buf *b);

/* card.c: calendar.ics, how large it is, and how old: as the last change of any record */
int calendar_read(struct tree *tree, struct buf *b);
int calendar_size(struct tree *tree, int64_t *ret);
int64_t calendar_time(struct tree *tree);

/* card_json - the text of a record's file that a vCard means, for save.c. 0 or -errno; card_cut_off - more of it may come */
int card_json(struct tree *tree, const struct record_slot *slot, const char *bytes, size_t len,
	struct buf *json, struct err *e);
_Bool card_cut_off(const char *bytes, size_t len);

/* outbox_held - what waits for a person before it is sent, as diffs */
int outbox_held(struct tree *tree, struct buf *b);

/* links.c: which records may be the same; and what is decided about them */
int links_read(struct tree *tree, struct buf *b);
int links_write(struct tree *tree, const void *bytes, size_t len, const struct caller *who, struct err *e);

/* field.c: one field as a file; field_json() is the record's text that such a file means */
int field_text(struct tree *tree, int64_t record, const struct field *f, struct buf *b);
int field_json(const struct field *f, const char *text, size_t len, struct buf *b);
