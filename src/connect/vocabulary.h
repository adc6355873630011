/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vocabulary - every word that a manifest may have, as tables: what words.c checks manifests against.
 * What each word means is in contrib/connectors/README.md.        Threads: any (constant data).
 */
#pragma once

enum value {
	TEXT,
	POINTER,  /* JSON Pointer */
	TEMPLATE, /* text with {names} */
	PATH,	  /* template that begins with '/' */
	BOOL,
	COUNT, /* whole number, 0 or more */
	TIME,
	CHOICE,
	SCALARS,   /* text, number, true or false, or a list of such */
	POINTERS,  /* pointer or list of pointers */
	OBJECT,	   /* with .words */
	MAP,	   /* object whose members are all of the kind .each (and .words) */
	LIST,	   /* of objects with .words */
	CONSTANTS, /* object: JSON Pointer -> anything; with .each BODY its texts are templates */
	CLEAR,	   /* the same, or false */
	PLACE,	   /* JSON Pointer with {names} */
	ADDRESS,   /* TEMPLATE, or an object with "at": JSON Pointer */
	BODY,	   /* any JSON; its texts are templates */
	FIELDS,	   /* a type's field maps: pointer, or object with .words */
	STEPS, /* field -> the tool's word -> list of those that may follow, or object: word -> requests */
};

struct word {
	const char *name;
	enum value value;
	_Bool needed;
	enum value each;
	const struct word *words;
	const char *const *choices;
};

/* The manifest as a whole, one type, one field map, one request that takes a record from one state to the next. */
extern const struct word manifest_words[], type_words[], field_words[], step_words[];
