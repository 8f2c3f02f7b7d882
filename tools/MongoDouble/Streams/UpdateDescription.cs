using MongoDB.Bson;

namespace Relaybox.MongoDouble.Streams;

/// <summary>What an update changed, as its event tells it.</summary>
internal static class UpdateDescription
{
    public static BsonDocument Between(BsonDocument before, BsonDocument after)
    {
        var (updated, removed, truncated) = (new BsonDocument(), new BsonArray(), new BsonArray());
        Compare("", before, after);
        return new BsonDocument { { "updatedFields", updated }, { "removedFields", removed }, { "truncatedArrays", truncated } };

        void Compare(string prefix, BsonDocument old, BsonDocument now)
        {
            foreach (var element in old)
            {
                if (!now.Contains(element.Name))
                {
                    removed.Add(prefix + element.Name);
                }
            }

            foreach (var element in now)
            {
                CompareValue(prefix + element.Name, old.GetValue(element.Name, null), element.Value);
            }
        }

        void CompareValue(string path, BsonValue? old, BsonValue now)
        {
            switch (old, now)
            {
                case (BsonDocument before, BsonDocument after):
                    Compare(path + ".", before, after);
                    break;
                case (BsonArray before, BsonArray after) when after.Count > 0:
                    for (var i = 0; i < after.Count; i++)
                    {
                        CompareValue($"{path}.{i}", i < before.Count ? before[i] : null, after[i]);
                    }

                    if (after.Count < before.Count)
                    {
                        truncated.Add(new BsonDocument { { "field", path }, { "newSize", after.Count } });
                    }

                    break;
                default:
                    if (!now.Equals(old))
                    {
                        updated[path] = now;
                    }

                    break;
            }
        }
    }
}
