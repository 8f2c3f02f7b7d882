"""What an older driver does with the server: the first argument is its address."""
import sys

import pymongo

client = pymongo.MongoClient(sys.argv[1], serverSelectionTimeoutMS=30000)
documents = client[sys.argv[2]].documents
documents.insert_many([{"_id": i, "n": i} for i in range(300)])
assert documents.count_documents({}) == 300
assert [d["_id"] for d in documents.find({"n": {"$gt": 297}}).sort("n", -1)] == [299, 298]
assert len(list(documents.find())) == 300

with client.start_session() as session:
    with session.start_transaction():
        documents.insert_one({"_id": "in"}, session=session)
        documents.update_one({"_id": 1}, {"$set": {"n": -1}}, session=session)
        assert documents.find_one({"_id": "in"}) is None
assert documents.find_one({"_id": 1})["n"] == -1

with documents.watch() as stream:
    documents.insert_one({"_id": "watched"})
    assert next(stream)["documentKey"] == {"_id": "watched"}

print("done")
