using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Aggregation;

namespace Relaybox.MongoDouble.Language;

/// <summary>An aggregation pipeline over documents that are there already.</summary>
internal sealed class Pipeline
{
    private readonly Stage[] _stages;

    private Pipeline(Stage[] stages) => _stages = stages;

    public static bool Knows(string stage) => StageParser.Knows(stage);

    public static Pipeline Parse(BsonArray stages)
    {
        var parsed = new List<Stage>();
        foreach (var (index, item) in stages.Index())
        {
            if (item is not BsonDocument stage)
            {
                throw Errors.TypeMismatch("Each element of the 'pipeline' array must be an object");
            }
            if (stage.ElementCount != 1)
            {
                throw Errors.Location(40323, "A pipeline stage specification object must contain exactly one field.");
            }
            var (name, operand) = (stage.GetElement(0).Name, stage.GetElement(0).Value);
            if (name == "$documents" && index > 0)
            {
                throw Errors.Location(40602, "$documents is only valid as the first stage in a pipeline");
            }
            parsed.Add(StageParser.Parse(name, operand));
        }
        return new([.. parsed]);
    }

    public IEnumerable<BsonDocument> Run(IEnumerable<BsonDocument> documents, Evaluation evaluation) =>
        _stages.Aggregate(documents, (current, stage) => stage(current, evaluation));
}
