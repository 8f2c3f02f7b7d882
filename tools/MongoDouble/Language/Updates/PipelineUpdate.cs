using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>An update by the stages that make a new document of one: <c>$set</c>, <c>$unset</c>, <c>$replaceWith</c> and their other names.</summary>
internal sealed class PipelineUpdate : Update
{
    private static readonly string[] Allowed = ["$addFields", "$set", "$project", "$unset", "$replaceRoot", "$replaceWith"];
    private readonly Pipeline _pipeline;

    public PipelineUpdate(BsonArray stages)
    {
        foreach (var stage in stages.OfType<BsonDocument>().Where(stage => stage.ElementCount == 1))
        {
            var name = stage.GetElement(0).Name;
            if (!Allowed.Contains(name) && Pipeline.Knows(name))
            {
                throw Errors.InvalidOptions($"{name} is not allowed to be used within an update");
            }
        }
        _pipeline = Pipeline.Parse(stages);
    }

    public override BsonDocument Apply(BsonDocument document, bool inserting, Evaluation evaluation) =>
        Replacement.Replace(document, (BsonDocument)_pipeline.Run([document], evaluation).Single().DeepClone());
}
