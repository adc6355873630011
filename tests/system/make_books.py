#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes clients.csv, invoices.csv and payments.csv of a made-up business into the folder: four currencies, credit notes, drafts,
void ones, partial payments, fees, refunds. The same every time.        Call: make_books.py COUNT
"""
import csv
import random
import sys

r = random.Random(20261125)
currencies = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}


def text(minor, digits):
    sign, minor = ("-" if minor < 0 else ""), abs(minor)
    return f"{sign}{minor // 10**digits}.{minor % 10**digits:0{digits}d}" if digits else f"{sign}{minor}"


clients = ["Acme; Inc", "Müller & Söhne", "O'Brien | Partners", "東京商事", "[Brackets] Ltd", "=1+1", "Plain"]
with open("clients.csv", "w", newline="") as f:
    w = csv.writer(f, lineterminator="\n")
    w.writerow(["ID", "name"])
    w.writerows([i, c] for i, c in enumerate(clients, 1))
invoices, payments = [], []
for i in range(1, int(sys.argv[1]) + 1):
    currency, digits = r.choice(list(currencies.items()))
    net = r.randint(1, 900000) * (-1 if i % 11 == 0 else 1)
    tax = round(net * r.choice([0, 7, 19]) / 100)
    status = r.choice(["draft", "sent", "sent", "overdue", "paid", "paid", "void"])
    date = f"{r.choice([2025, 2026])}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"
    invoices.append([i, f"INV-{i}", r.choice(clients), status, date, f"2026-12-{r.randint(1, 28):02}", currency,
                     text(net, digits), text(tax, digits), text(net + tax, digits)])
    if status in ("paid", "sent") and i % 3:
        total = net + tax
        parts = [total] if status == "paid" else [total // 3]
        if i % 7 == 0:
            parts.append(-(total // 10))  # refund
        for p in parts:
            payments.append([len(payments) + 1, f"P-{len(payments) + 1}", invoices[-1][2], f"INV-{i}", "2026-11-%02d" % r.randint(1, 28),
                             text(p, digits), currency, r.choice(["bank", "card"]), text(r.randint(0, 500), digits) if i % 5 == 0 else ""])
with open("invoices.csv", "w", newline="") as f:
    w = csv.writer(f, lineterminator="\n")
    w.writerow("ID number client status issue_date due_date currency net tax total".split())
    w.writerows(invoices)
with open("payments.csv", "w", newline="") as f:
    w = csv.writer(f, lineterminator="\n")
    w.writerow("ID number client invoice date amount currency method fee".split())
    w.writerows(payments)
