/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place - a node of the tree as a number: what it is and of which rows, so an inode number needs no table in memory,
 * is the same after a restart, and says where to look.        Threads: any.
 *
 * 64 bits: kind (8), a (24), b (32). The root is 1, as FUSE wants it.
 */
#pragma once

#include <stdint.h>

enum place_kind {
	PLACE_ROOT = 0,
	PLACE_FIXED,	  /* b: index in the tree's table of fixed files and folders */
	PLACE_COLLECTION, /* a: type                   invoices/ */
	PLACE_RECORD_DIR, /* a: type, b: record        clients/Northwind Traders/ */
	PLACE_RECORD,	  /* a: type, b: record        its real file */
	PLACE_PARTS, /* a: PLACE_PAIR(type, type of the folder), b: record of the folder    clients/X/invoices/ */
	PLACE_HUB_LINK, /* a: PLACE_PAIR(type, type of the folder), b: record    clients/X/invoices/INV-1.json */
	PLACE_DOCS_LINK,  /* a: type, b: record        clients/X/documents */
	PLACE_BY,	  /* a: type                   invoices/by/ */
	PLACE_VIEW,	  /* a: type, b: field         invoices/by/status/ */
	PLACE_VALUE,	  /* a: PLACE_PAIR(type, field), b: value    invoices/by/status/sent/ */
	PLACE_VALUE_LINK, /* a: value, b: record       invoices/by/status/sent/INV-1.json */
	PLACE_SCRATCH,	  /* b: scratch row            an editor's temporary file */
	PLACE_FILE,	  /* b: file row               a document or a folder of documents */
	PLACE_SCHEMA,	  /* a: type                   .seam/schema/invoice.json */
	PLACE_TOOL,	  /* a: tool                   .seam/tools/crm/ */
	PLACE_TOOL_TYPE,  /* a: tool, b: type          .seam/tools/crm/client/ */
	PLACE_RAW,	  /* a: tool, b: link row      .seam/tools/crm/client/17.json */
	PLACE_PROBLEM,	  /* b: problem row            problems/INV-1.rejected.json */
	PLACE_TRASH,	  /* a: type                   .seam/trash/invoices/ */
	PLACE_TRASHED,	  /* a: type, b: record        .seam/trash/invoices/INV-1.json */
	PLACE_META,	  /* a: type, b: record        invoices/INV-1.meta.json */
	PLACE_LOG,	  /* a: type, b: record        invoices/INV-1.log.ndjson */
	PLACE_FIELDS,	  /* a: type, b: record        invoices/INV-1.d/ */
	PLACE_FIELD,	  /* a: PLACE_PAIR(type, field), b: record    invoices/INV-1.d/status */
	PLACE_ASIDE, /* a, b: of a folder, and which (place_aside)    invoices/.error, invoices/.export/csv */
	PLACE_OUTBOX,	    /* b: outbox row               .seam/outbox/12 billing INV-1.diff */
	PLACE_HISTORY,	    /* b: day                     .seam/history/2026-11-23.ndjson */
	PLACE_FOLDER_KINDS, /* what comes now is never a folder */
	PLACE_REPORT = PLACE_FOLDER_KINDS, /* b: which one                reports/receivables.csv */
	PLACE_JOURNAL,			   /* b: year                     ledger/2026.journal */
	PLACE_CARD,			   /* a: type, b: record         contacts/Jane Doe.vcf */
	PLACE_RUN,   /* b: run                     .seam/log/000012 won-deal Brand refresh.log */
	PLACE_TRIAL, /* a: PLACE_PAIR(type, rule), b: record    deals/X.handoff-won-deal.diff */
	PLACE_TABLE, /* a: type, b: 0, of its lines 1    tables/invoices.csv */
	PLACE_KIND_COUNT,
};

/* What every folder has, or every folder of records, and shows only to who asks for it by name. */
enum place_aside {
	PLACE_ASIDE_ERROR,
	PLACE_ASIDE_LAST,
	PLACE_ASIDE_TEMPLATE,
	PLACE_ASIDE_ID,	    /* a folder: TOOL:ID.json */
	PLACE_ASIDE_EXPORT, /* a folder, of the next three */
	PLACE_ASIDE_CSV,
	PLACE_ASIDE_JSON,
	PLACE_ASIDE_NDJSON,
	PLACE_ASIDE_COUNT,
};

/* The fixed files and folders; the tree's table has one row for each, in this order. */
enum place_fixed {
	PLACE_FIXED_README,
	PLACE_FIXED_DOCUMENTS,
	PLACE_FIXED_PROBLEMS,
	PLACE_FIXED_SEAM,
	PLACE_FIXED_STATUS,
	PLACE_FIXED_STATUS_JSON,
	PLACE_FIXED_ERRORS,
	PLACE_FIXED_REFRESH,
	PLACE_FIXED_APPROVE,
	PLACE_FIXED_SCHEMA,
	PLACE_FIXED_TOOLS,
	PLACE_FIXED_TRASH,
	PLACE_FIXED_HISTORY,
	PLACE_FIXED_UNDO,
	PLACE_FIXED_VERIFY,
	PLACE_FIXED_LINKS,	 /* problems/links.json */
	PLACE_FIXED_LINK_ORDERS, /* .seam/links */
	PLACE_FIXED_OUTBOX,
	PLACE_FIXED_REPORTS,
	PLACE_FIXED_CALENDAR,
	PLACE_FIXED_HANDOFFS,
	PLACE_FIXED_RUNS, /* .seam/log/ */
	PLACE_FIXED_TABLES,
	PLACE_FIXED_EVENTS,
	PLACE_FIXED_HOOK,
	PLACE_FIXED_COUNT,
};

struct place {
	enum place_kind kind;
	uint32_t a;
	uint32_t b;
};

/* The folder of a drive tool into which removed documents go; the tree shows it as .seam/trash/documents. */
#define FILE_TRASH ".seam-trash"

#define PLACE_PAIR(low, high) ((uint32_t)(low) | (uint32_t)(high) << 8)
#define PLACE_LOW(pair)	      ((int)((pair)&0xff))
#define PLACE_HIGH(pair)      ((int)(((pair) >> 8) & 0xff))

#define PLACE_ROOT_INO 1

static inline uint64_t place_ino(enum place_kind kind, uint64_t a, uint64_t b)
{
	return kind == PLACE_ROOT ? PLACE_ROOT_INO
				  : (uint64_t)kind << 56 | (a & 0xffffff) << 32 | (b & 0xffffffff);
}

static inline struct place place_of_ino(uint64_t ino)
{
	if (ino == PLACE_ROOT_INO)
		return (struct place){PLACE_ROOT, 0, 0};
	return (struct place){(enum place_kind)(ino >> 56), (uint32_t)(ino >> 32) & 0xffffff, (uint32_t)ino};
}

static inline uint64_t place_to_ino(struct place p)
{
	return place_ino(p.kind, p.a, p.b);
}

/* place_aside_of - @which of a folder; place_aside_dir() is that folder. Kinds of folders have an a below 65536. */
static inline struct place place_aside_of(struct place dir, enum place_aside which)
{
	return (struct place){
		PLACE_ASIDE, (uint32_t)which << 21 | (uint32_t)dir.kind << 16 | (dir.a & 0xffff), dir.b};
}

static inline struct place place_aside_dir(struct place aside)
{
	return (struct place){(enum place_kind)((aside.a >> 16) & 0x1f), aside.a & 0xffff, aside.b};
}

static inline enum place_aside place_aside_which(struct place aside)
{
	return (enum place_aside)(aside.a >> 21);
}
