using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Filters;
using Relaybox.MongoDouble.Language.Updates;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language;

/// <summary>An update: operators, a replacement, or a pipeline.</summary>
internal sealed class UpdateProgram
{
    private readonly Update _update;

    private UpdateProgram(Update update) => _update = update;

    /// <summary>Whether it replaces whole documents, which an update of many refuses.</summary>
    public bool IsReplacement => _update is Replacement;

    public bool IsPipeline => _update is PipelineUpdate;

    public static UpdateProgram Parse(BsonValue documentOrPipeline, BsonArray? arrayFilters = null)
    {
        switch (documentOrPipeline)
        {
            case BsonArray pipeline:
                return arrayFilters is null
                    ? new(new PipelineUpdate(pipeline))
                    : throw Errors.FailedToParse("arrayFilters may not be specified for pipeline-style updates");
            case BsonDocument document when document.ElementCount > 0 && document.GetElement(0).Name.StartsWith('$'):
                return new(new ModifierUpdate(document, arrayFilters));
            case BsonDocument document:
                return arrayFilters is null or { Count: 0 }
                    ? new(new Replacement(document))
                    : throw Errors.FailedToParse("arrayFilters may not be specified for replacement-style updates");
            default:
                throw Errors.FailedToParse(
                    $"Update argument must be either an object or an array, found {BsonTypes.Name(documentOrPipeline)}");
        }
    }

    /// <summary>
    /// The document after the update. The given one stays as it is, and is the same to the byte where the update changes nothing. An upsert
    /// passes <see cref="FromUpsertFilter(BsonDocument)"/>, and gives the result an <c>_id</c> where it has none.
    /// </summary>
    public BsonDocument Apply(BsonDocument document, bool inserting, Evaluation evaluation) => _update.Apply(document, inserting, evaluation);

    public static BsonDocument FromUpsertFilter(BsonDocument filter) => FromUpsertFilter(Filter.Parse(filter));

    /// <summary>
    /// The document that an upsert starts from: the fields that the filter holds equal to a value. A replacement takes only its <c>_id</c>.
    /// </summary>
    public static BsonDocument FromUpsertFilter(Filter filter)
    {
        var document = new BsonDocument();
        var taken = new List<string>();
        var equal = filter.Root.Conjuncts().OfType<OnField>().Where(field => field.Predicate is Comparison { Name: "$eq" });
        foreach (var field in equal.OrderBy(field => field.Path != "_id").ThenBy(field => field.Path, StringComparer.Ordinal))
        {
            Check(taken, field.Path);
            taken.Add(field.Path);
            Set(document, field.Path, ((Comparison)field.Predicate).Operand.DeepClone());
        }
        return document;
    }

    private static void Check(List<string> taken, string path)
    {
        if (taken.Contains(path))
        {
            throw new ServerException(54, "NotSingleValueField", $"cannot infer query fields to set, path '{path}' is matched twice");
        }
        if (taken.Find(other => path.StartsWith(other + ".", StringComparison.Ordinal)) is { } leading)
        {
            throw new ServerException(
                54, "NotSingleValueField", $"cannot infer query fields to set, both paths '{path}' and '{leading}' are matched");
        }
    }

    private static void Set(BsonDocument document, string path, BsonValue value)
    {
        var components = path.Split('.');
        foreach (var component in components[..^1])
        {
            if (!document.TryGetValue(component, out var inner))
            {
                document.Add(component, inner = new BsonDocument());
            }
            document = inner.AsBsonDocument;
        }
        document.Add(components[^1], value);
    }
}
