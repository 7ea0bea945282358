"""The journal on DynamoDB: one table, one item that every decision compares and counts up, and one transaction per
decision. `docs/dynamodb.md` has the table, its keys and its limits; `keys` says what lies where.
"""
