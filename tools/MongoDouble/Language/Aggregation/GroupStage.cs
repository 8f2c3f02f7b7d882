using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;

namespace Relaybox.MongoDouble.Language.Aggregation;

/// <summary><c>$group</c>. Groups come in the order of their first documents; the server promises none.</summary>
internal sealed class GroupStage
{
    private readonly Expression _id;
    private readonly List<(string Name, AccumulatorDefinition Definition)> _fields;

    private GroupStage(Expression id, List<(string Name, AccumulatorDefinition Definition)> fields) => (_id, _fields) = (id, fields);

    public static GroupStage Parse(BsonValue operand)
    {
        if (operand is not BsonDocument document)
        {
            throw Errors.Location(15947, "a group's fields must be specified in an object");
        }
        if (!document.TryGetValue("_id", out var id))
        {
            throw Errors.Location(15955, "a group specification must include an _id");
        }
        return new(Expression.Parse(id), [.. document.Where(field => field.Name != "_id").Select(field => (field.Name, Field(field)))]);
    }

    public IEnumerable<BsonDocument> Run(IEnumerable<BsonDocument> documents, Evaluation evaluation)
    {
        var groups = new Dictionary<Key, Accumulator[]>();
        var order = new List<Key>();
        foreach (var document in documents)
        {
            var scope = new Scope(document, evaluation);
            var key = new Key(_id.Evaluate(scope) ?? BsonNull.Value);
            if (!groups.TryGetValue(key, out var accumulators))
            {
                groups.Add(key, accumulators = [.. _fields.Select(field => field.Definition.Create())]);
                order.Add(key);
            }
            for (var i = 0; i < accumulators.Length; i++)
            {
                accumulators[i].Add(_fields[i].Definition.Input.Evaluate(scope));
            }
        }
        foreach (var key in order)
        {
            var result = new BsonDocument("_id", key.Value);
            foreach (var (field, accumulator) in _fields.Zip(groups[key]))
            {
                result.Add(field.Name, accumulator.Result());
            }
            yield return result;
        }
    }

    private static AccumulatorDefinition Field(BsonElement field)
    {
        if (field.Name.Contains('.', StringComparison.Ordinal))
        {
            throw Errors.Location(40235, $"The field name '{field.Name}' cannot contain '.'");
        }
        if (field.Name.StartsWith('$'))
        {
            throw Errors.Location(40236, $"The field name '{field.Name}' cannot be an operator name");
        }
        if (field.Value is not BsonDocument { ElementCount: > 0 } accumulator)
        {
            throw Errors.Location(40234, $"The field '{field.Name}' must be an accumulator object");
        }
        if (accumulator.ElementCount != 1)
        {
            throw Errors.Location(40238, $"The field '{field.Name}' must specify one accumulator");
        }
        var (name, operand) = (accumulator.GetElement(0).Name, accumulator.GetElement(0).Value);
        return AccumulatorDefinition.Parse(name, operand) ?? throw (name.StartsWith('$')
            ? Errors.Location(15952, $"unknown group operator '{name}'")
            : Errors.Location(40234, $"The field '{field.Name}' must be an accumulator object"));
    }

    /// <summary>A key of groups: equal where the values compare equal, so that 1 and 1.0 are one group.</summary>
    private readonly record struct Key(BsonValue Value)
    {
        public bool Equals(Key other) => ValueOrder.Instance.Equals(Value, other.Value);

        public override int GetHashCode() => ValueOrder.Instance.GetHashCode(Value);
    }
}
