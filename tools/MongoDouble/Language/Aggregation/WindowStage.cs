using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Projections;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Aggregation;

/// <summary><c>$setWindowFields</c> with windows that are counted in documents.</summary>
internal sealed class WindowStage
{
    private readonly Expression _partition;
    private readonly SortOrder? _order;
    private readonly FieldTree _tree = new();
    private readonly List<(string Name, WindowFunction Function)> _outputs = [];

    private WindowStage(Expression partition, SortOrder? order) => (_partition, _order) = (partition, order);

    public static WindowStage Parse(BsonValue operand)
    {
        if (operand is not BsonDocument document)
        {
            throw Errors.FailedToParse($"the $setWindowFields stage specification must be an object, found {BsonTypes.Name(operand)}");
        }
        if (document.Names.FirstOrDefault(name => name is not ("partitionBy" or "sortBy" or "output")) is { } unknown)
        {
            throw Errors.Location(40415, $"BSON field '$setWindowFields.{unknown}' is an unknown field.");
        }
        if (!document.TryGetValue("output", out var output))
        {
            throw Errors.Location(40414, "BSON field '$setWindowFields.output' is missing but a required field");
        }
        var order = document.TryGetValue("sortBy", out var sort) ? SortOrder.Parse(Errors.Document(sort, "sortBy")) : null;
        var stage = new WindowStage(Expression.Parse(document.GetValue("partitionBy", BsonNull.Value)), order);
        foreach (var field in Errors.Document(output, "output"))
        {
            var name = $"output {field.Name}";
            stage._outputs.Add((name, WindowFunction.Parse(Errors.Document(field.Value, "a window function"), order)));
            stage._tree.Add(field.Name, new(scope => scope.Variable(name)));
        }
        return stage;
    }

    public IEnumerable<BsonDocument> Run(IEnumerable<BsonDocument> documents, Evaluation evaluation)
    {
        var partitions = documents
            .GroupBy(document => Key(document, evaluation), ValueOrder.Instance)
            .OrderBy(group => group.Key, ValueOrder.Instance);
        foreach (var partition in partitions)
        {
            var sorted = _order is null ? partition.AsEnumerable() : partition.Order(_order);
            var scopes = sorted.Select(document => new Scope(document, evaluation)).ToList();
            var columns = _outputs.Select(output => (output.Name, Values: output.Function.Over(scopes))).ToList();
            for (var i = 0; i < scopes.Count; i++)
            {
                var result = new BsonDocument(scopes[i].Root);
                _tree.Compute(result, columns.Aggregate(scopes[i], (scope, column) => scope.With(column.Name, column.Values[i])));
                yield return result;
            }
        }
    }

    private BsonValue Key(BsonDocument document, Evaluation evaluation) => _partition.Evaluate(document, evaluation) switch
    {
        null => BsonNull.Value,
        BsonArray => throw Errors.TypeMismatch("An expression used to partition cannot evaluate to value of type array"),
        var key => key,
    };
}
