/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcard - a card of the address book: vCard 3.0 (RFC 2426) and 4.0 (RFC 6350), as the programs that people use write it.
 * Threads: one owner.
 *
 * Only what is set changes; all other bytes of the card stay.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"

struct vcard;

/* What a card is about. Groups, places and devices are neither a person nor a company. */
enum vcard_kind { VCARD_PERSON, VCARD_COMPANY, VCARD_OTHER };

/* Of several addresses or numbers the preferred one, else the first, is meant. */
enum vcard_part {
	VCARD_NAME,	    /* FN; setting it keeps N in step */
	VCARD_COMPANY_NAME, /* the first part of ORG */
	VCARD_ROLE,	    /* TITLE, else ROLE */
	VCARD_EMAIL,
	VCARD_PHONE,
	VCARD_URL,
	VCARD_STREET, /* the parts of ADR */
	VCARD_CITY,
	VCARD_ZIP,
	VCARD_COUNTRY,
	VCARD_NOTE,
	VCARD_UID,
	VCARD_PART_COUNT,
};

/**
 * vcard_parse - reads the first card of a text
 * @ret: given to the caller (vcard_free), written on success only
 *
 * Returns 0, or -EINVAL with a sentence: no card in it, vCard 2.1, not ended, a NUL byte.
 */
int vcard_parse(const char *text, size_t len, struct vcard **ret, struct err *e);

/* vcard_new - an empty card of version 3.0, given to the caller */
struct vcard *vcard_new(const char *uid, enum vcard_kind kind);
void vcard_free(struct vcard *v);
void vcard_freep(struct vcard **v);

/* vcard_count - how many cards there are in the text that was parsed */
int vcard_count(const struct vcard *v);

int vcard_print(const struct vcard *v, struct buf *b);

/* vcard_kind - what the card says, else a company is what has ORG, but no name of a person (N) and no other name than ORG's */
enum vcard_kind vcard_kind(const struct vcard *v);

/* vcard_get - the text of a part, given to the caller; NULL when it is not there or empty. A card always has a name. */
char *vcard_get(const struct vcard *v, enum vcard_part part);

/* vcard_set - changes one part, NULL: takes it away; the same text changes nothing */
void vcard_set(struct vcard *v, enum vcard_part part, const char *text);

/* vcard_tags - CATEGORIES, a list of texts; given to the caller */
cJSON *vcard_tags(const struct vcard *v);
void vcard_set_tags(struct vcard *v, const cJSON *tags);

/* vcard_touch - a card that says when it was changed (REV) says @now_ms; vcard_changed() is that time, 0 without one */
void vcard_touch(struct vcard *v, int64_t now_ms);
int64_t vcard_changed(const struct vcard *v);
