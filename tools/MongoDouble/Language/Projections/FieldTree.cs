using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;

namespace Relaybox.MongoDouble.Language.Projections;

/// <summary>The paths of a projection as a tree. A leaf is a field to take or leave, or has an expression to compute.</summary>
internal sealed class FieldTree
{
    private readonly Dictionary<string, FieldTree> _children = [];
    private readonly List<string> _order = [];

    public Expression? Computed { get; private set; }

    private bool IsLeaf => _order.Count == 0;

    private bool Computes => Computed is not null || _children.Values.Any(child => child.Computes);

    public void Add(string path, Expression? computed)
    {
        var node = this;
        var components = FieldPaths.Split(path);
        for (var i = 0; i < components.Length; i++)
        {
            var last = i == components.Length - 1;
            if (!node._children.TryGetValue(components[i], out var child))
            {
                node._order.Add(components[i]);
                node._children.Add(components[i], child = new FieldTree());
            }
            else if (last)
            {
                throw Errors.Location(31250, $"Path collision at {path}");
            }
            else if (child.IsLeaf)
            {
                throw Errors.Location(31249, $"Path collision at {path} remaining portion {string.Join('.', components[(i + 1)..])}");
            }
            node = child;
        }
        node.Computed = computed;
    }

    /// <summary>The fields of the tree's leaves that are not computed, in the document's order.</summary>
    public BsonDocument Include(BsonDocument document)
    {
        var result = new BsonDocument();
        foreach (var field in document)
        {
            if (_children.TryGetValue(field.Name, out var child) && child.Computed is null && child.Included(field.Value) is { } value)
            {
                result.Add(field.Name, value);
            }
        }
        return result;
    }

    public BsonDocument Exclude(BsonDocument document)
    {
        var result = new BsonDocument();
        foreach (var field in document)
        {
            if (!_children.TryGetValue(field.Name, out var child))
            {
                result.Add(field);
            }
            else if (!child.IsLeaf)
            {
                result.Add(field.Name, child.Excluded(field.Value));
            }
        }
        return result;
    }

    /// <summary>Sets what is computed in a document that nobody else holds; all expressions see the scope's document as it was.</summary>
    public void Compute(BsonDocument target, Scope scope)
    {
        foreach (var name in _order)
        {
            var child = _children[name];
            if (child.Computed is { } expression)
            {
                if (expression.Evaluate(scope) is { } value)
                {
                    target[name] = value;
                }
                else
                {
                    target.Remove(name);
                }
            }
            else if (child.Computes)
            {
                target[name] = child.ComputedIn(target.TryGetValue(name, out var existing) ? existing : null, scope);
            }
        }
    }

    private BsonValue? Included(BsonValue value) => IsLeaf ? value : value switch
    {
        BsonDocument document => Include(document),
        BsonArray array => new BsonArray(array.Select(Included).Where(item => item is not null)),
        _ => null,
    };

    private BsonValue Excluded(BsonValue value) => value switch
    {
        BsonDocument document => Exclude(document),
        BsonArray array => new BsonArray(array.Select(Excluded)),
        _ => value,
    };

    private BsonValue ComputedIn(BsonValue? value, Scope scope)
    {
        if (value is BsonArray array)
        {
            return new BsonArray(array.Select(item => ComputedIn(item, scope)));
        }
        var inner = value is BsonDocument document ? new BsonDocument(document) : [];
        Compute(inner, scope);
        return inner;
    }
}
