/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft - a first manifest for a tool from the OpenAPI document that its vendor publishes.        Threads: any.
 *
 * Whoever adds a tool corrects a draft instead of beginning with nothing. Only the document is read: no network, no reference out
 * of the document. What it does not say is guessed by names and told in the notes.
 */
#pragma once

#include <stddef.h>

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"
#include "seamfs/model/type.h"

#define DRAFT_MAX_DOCUMENT ((size_t)64 << 20)

struct draft_order {
	const char *path; /* of the document, for sentences */
	const char *name; /* the connector's; NULL: made from the document's title */
	/* Where a type is: "/customers", or "/customers,/customer/{id}" with the path of one; "": not at all; NULL: to be looked for */
	const char *paths[TYPE_COUNT];
};

/**
 * draft_make - drafts a manifest, which the examination of manifests has passed
 * @text:  OpenAPI 3.0 or 3.1, or Swagger 2, as JSON
 * @ret:   appended: the manifest
 * @notes: appended: what was guessed and what has to be looked up, a line each
 *
 * Returns 0, -EINVAL with a sentence, or -E2BIG.
 */
int draft_make(const char *text, size_t len, const struct draft_order *order, struct buf *ret,
	struct buf *notes, struct err *e);
