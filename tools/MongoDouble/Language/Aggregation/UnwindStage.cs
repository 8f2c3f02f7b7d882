using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Aggregation;

/// <summary><c>$unwind</c>: a document for each element of an array.</summary>
internal sealed class UnwindStage
{
    private string[] _path = [];
    private string? _index;
    private bool _preserves;

    public static UnwindStage Parse(BsonValue operand)
    {
        var options = operand switch
        {
            BsonString => new BsonDocument("path", operand),
            BsonDocument document => document,
            _ => throw Errors.Location(
                15981, $"expected either a string or an object as specification for $unwind stage, got {BsonTypes.Name(operand)}"),
        };
        var stage = new UnwindStage();
        foreach (var option in options)
        {
            stage.Read(option.Name, option.Value);
        }
        return stage._path.Length > 0 ? stage : throw Errors.Location(28812, "no path specified to $unwind stage");
    }

    public IEnumerable<BsonDocument> Run(IEnumerable<BsonDocument> documents, Evaluation evaluation) => documents.SelectMany(Unwind);

    private void Read(string name, BsonValue value)
    {
        switch (name)
        {
            case "path":
                var path = value as BsonString ?? throw Errors.Location(
                    28808, $"expected a string as the path for $unwind stage, got {BsonTypes.Name(value)}");
                _path = path.Value.StartsWith('$')
                    ? FieldPaths.Split(path.Value[1..])
                    : throw Errors.Location(28818, $"path option to $unwind stage should be prefixed with a '$': {path.Value}");
                break;
            case "preserveNullAndEmptyArrays":
                _preserves = (value as BsonBoolean ?? throw Errors.Location(
                    28809, $"expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage, got {BsonTypes.Name(value)}")).Value;
                break;
            case "includeArrayIndex":
                _index = value is BsonString { Value.Length: > 0 } text ? text.Value : throw Errors.Location(
                    28810, $"expected a non-empty string for the includeArrayIndex  option to $unwind stage, got {BsonTypes.Name(value)}");
                if (_index.StartsWith('$'))
                {
                    throw Errors.Location(28822, $"includeArrayIndex option to $unwind stage should not be prefixed with a '$': {_index}");
                }
                break;
            default:
                throw Errors.Location(28811, $"unrecognized option to $unwind stage: {name}");
        }
    }

    private IEnumerable<BsonDocument> Unwind(BsonDocument document)
    {
        var value = Value(document);
        if (value is BsonArray { Count: > 0 } array)
        {
            return array.Select((item, index) => With(document, item, new BsonInt64(index)));
        }
        if (value is BsonArray || BsonTypes.IsNullish(value))
        {
            return _preserves ? [With(document, value is BsonArray ? null : value, BsonNull.Value)] : [];
        }
        return [With(document, value, BsonNull.Value)];
    }

    private BsonValue? Value(BsonDocument document)
    {
        BsonValue? value = document;
        foreach (var component in _path)
        {
            value = value is BsonDocument inner && inner.TryGetValue(component, out var found) ? found : null;
        }
        return value;
    }

    private BsonDocument With(BsonDocument document, BsonValue? value, BsonValue index)
    {
        var result = Set(document, 0, value);
        if (_index is not null)
        {
            result[_index] = index;
        }
        return result;
    }

    private BsonDocument Set(BsonDocument document, int at, BsonValue? value)
    {
        var result = new BsonDocument(document);
        if (at < _path.Length - 1)
        {
            if (document.TryGetValue(_path[at], out var inner) && inner is BsonDocument next)
            {
                result[_path[at]] = Set(next, at + 1, value);
            }
        }
        else if (value is null)
        {
            result.Remove(_path[at]);
        }
        else
        {
            result[_path[at]] = value;
        }
        return result;
    }
}
