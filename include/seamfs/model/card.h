/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card - contacts and clients as cards of an address book.        Threads: any; one owner of a card at a time.
 *
 * In docs of this header a REF is {"name": "…"}, or that name alone; a field that a card can have but does not is null.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdint.h>

#include "seamfs/codec/vcard.h"
#include "seamfs/model/type.h"

/* card_fields - the fields of a type that a card holds; 0: there are no cards of it */
uint64_t card_fields(enum type_id type);

/* card_type - TYPE_CONTACT for a person, TYPE_CLIENT for a company, else TYPE_NONE */
enum type_id card_type(const struct vcard *v);

/* card_new - an empty card of that type, given to the caller */
struct vcard *card_new(enum type_id type, const char *uid);

/* card_doc - all card_fields(); given to the caller */
cJSON *card_doc(enum type_id type, const struct vcard *v);

/* card_write - makes the card say what @doc says; fields that it does not have stay as they are, null clears */
void card_write(enum type_id type, struct vcard *v, const cJSON *doc);
