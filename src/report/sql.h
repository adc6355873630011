/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql - the records as tables, for the beginning of a report's statement: "WITH " SQL_INVOICE ", " SQL_PAYMENT " SELECT …".
 *
 * ?1 is today, ?2 the company's currency. Amounts are minor units; hours are millionths.        Threads: any (constants).
 */
#pragma once

#include "seamfs/model/type.h"

/* The numbers in the texts below. */
_Static_assert(TYPE_CLIENT == 1 && TYPE_DEAL == 3 && TYPE_QUOTE == 4 && TYPE_INVOICE == 5 &&
		       TYPE_PAYMENT == 6 && TYPE_PROJECT == 7 && TYPE_TIME == 9,
	"the types have other numbers");

#define SQL_FROM(type)                                                                                       \
	" FROM record r JOIN content c ON c.record = r.id WHERE r.type = " type " AND r.state = 0)"

#define SQL_INVOICE                                                                                          \
	"invoice AS (SELECT r.id AS id, r.name AS name, c.doc ->> 'client' AS client, c.doc ->> 'project' "  \
	"AS project,"                                                                                        \
	" coalesce(c.doc ->> 'status', 'draft') AS status, c.doc ->> 'issue_date' AS issued,"                \
	" c.doc ->> 'due_date' AS due, coalesce(c.doc ->> 'currency', ?2) AS currency,"                      \
	" coalesce(c.doc ->> 'net', c.doc ->> 'total' - coalesce(c.doc ->> 'tax', 0), 0) AS net,"            \
	" coalesce(c.doc ->> 'tax', 0) AS tax, coalesce(c.doc ->> 'total', 0) AS total" SQL_FROM("5")

#define SQL_PAYMENT                                                                                          \
	"payment AS (SELECT r.id AS id, r.name AS name, c.doc ->> 'client' AS client, c.doc ->> 'invoice' "  \
	"AS invoice,"                                                                                        \
	" c.doc ->> 'date' AS date, coalesce(c.doc ->> 'currency', ?2) AS currency,"                         \
	" coalesce(c.doc ->> 'amount', 0) AS amount, coalesce(c.doc ->> 'fee', 0) AS fee" SQL_FROM("6")

/* What was paid of each invoice; an amount of another currency pays none of it. */
#define SQL_PAID                                                                                             \
	"paid AS (SELECT invoice, currency, sum(amount) AS amount FROM payment WHERE invoice IS NOT NULL"    \
	" GROUP BY invoice, currency)"

#define SQL_BOOKED "status NOT IN ('draft', 'void')"

/* What counts as issued, and what is still to come of it: nothing of what its owner calls paid. Behind the three above. */
#define SQL_OPEN                                                                                             \
	"open AS (SELECT i.*, coalesce(p.amount, 0) AS paid,"                                                \
	" iif(i.status = 'paid', 0, i.total - coalesce(p.amount, 0)) AS open FROM invoice i"                 \
	" LEFT JOIN paid p ON p.invoice = i.id AND p.currency = i.currency WHERE i." SQL_BOOKED ")"

#define SQL_TIME                                                                                             \
	"work AS (SELECT c.doc ->> 'project' AS project, c.doc ->> 'date' AS date,"                          \
	" coalesce(c.doc ->> 'person', '') AS person, coalesce(c.doc ->> 'billable', 1) AS billable,"        \
	" CAST(round(coalesce(c.doc ->> 'hours', 0) * 1000000) AS INTEGER) AS hours" SQL_FROM("9")

#define SQL_PROJECT                                                                                          \
	"project AS (SELECT r.id AS id, r.name AS name, c.doc ->> 'client' AS client,"                       \
	" coalesce(c.doc ->> 'currency', ?2) AS currency, c.doc ->> 'budget' AS budget" SQL_FROM("7")

/* What people call a client or a project. */
#define SQL_NAME(id) "coalesce((SELECT doc ->> 'name' FROM content WHERE content.record = " id "), '')"
