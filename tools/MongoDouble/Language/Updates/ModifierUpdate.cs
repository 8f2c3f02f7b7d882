using System.Globalization;
using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Filters;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>An update by operators, each at its path.</summary>
internal sealed class ModifierUpdate : Update
{
    private readonly (UpdatePath Path, Modifier Modifier)[] _modifiers;
    private readonly ArrayFilters _filters;

    public ModifierUpdate(BsonDocument update, BsonArray? arrayFilters)
    {
        _filters = new(arrayFilters);
        var modifiers = new List<(UpdatePath Path, Modifier Modifier)>();
        var taken = new List<UpdatePath>();
        foreach (var (path, modifier) in ModifierParser.Parse(update))
        {
            foreach (var mine in modifier.Source is { } source ? new[] { source, path } : [path])
            {
                if (taken.FirstOrDefault(other => other.Covers(mine) || mine.Covers(other)) is { } other)
                {
                    throw Errors.Conflict(mine.Text, other.Covers(mine) ? other.Text : mine.Text);
                }
                taken.Add(mine);
            }
            modifiers.Add((path, modifier));
        }
        _filters.Check(taken, update);
        _modifiers = [.. modifiers.OrderBy(modifier => modifier.Path)];
    }

    public override BsonDocument Apply(BsonDocument document, bool inserting, Evaluation evaluation)
    {
        var result = (BsonDocument)document.DeepClone();
        foreach (var (path, modifier) in _modifiers)
        {
            if (modifier.OnInsertOnly && !inserting)
            {
                continue;
            }
            var walk = new Walk(path, modifier, _filters, new(document, path.Text, evaluation));
            if (modifier.Source is { } source)
            {
                Rename(result, source, walk);
            }
            else
            {
                walk.In(result, 0);
            }
        }
        CheckIdUnchanged(document, result);
        CheckId(result);
        return WithIdFirst(result);
    }

    private static void CheckIdUnchanged(BsonDocument before, BsonDocument after)
    {
        if (before.TryGetValue("_id", out var id) && !(after.TryGetValue("_id", out var now) && ValueOrder.Instance.Equals(id, now)))
        {
            throw Errors.Immutable("Performing an update on the path '_id' would modify the immutable field '_id'");
        }
    }

    private static void Rename(BsonDocument result, UpdatePath source, Walk walk)
    {
        var parent = result;
        foreach (var component in source.Components[..^1])
        {
            switch (parent.GetValue(component, BsonNull.Value))
            {
                case BsonDocument inner:
                    parent = inner;
                    break;
                case BsonArray:
                    throw Errors.BadValue($"The source field cannot be an array element, '{source.Text}'");
                default:
                    return;
            }
        }
        if (parent.Contains(source.Components[^1]))
        {
            walk.In(result, 0);
            parent.Remove(source.Components[^1]);
        }
    }

    /// <summary>The way of one modifier to the places that its path names.</summary>
    private sealed class Walk(UpdatePath path, Modifier modifier, ArrayFilters filters, ModifierContext context)
    {
        private const int MostPadding = 1_500_000;

        public void In(BsonValue container, int index)
        {
            if (container is BsonDocument document)
            {
                InDocument(document, index);
            }
            else if (path.Components[index][0] == '$')
            {
                InElements((BsonArray)container, index);
            }
            else
            {
                InArray((BsonArray)container, index);
            }
        }

        private void InDocument(BsonDocument document, int index)
        {
            var name = path.Components[index];
            var existing = document.TryGetValue(name, out var value) ? value : null;
            if (index < path.Components.Length - 1)
            {
                if (Inner(existing, name, index) is { } inner)
                {
                    In(inner, index + 1);
                    document[name] = inner;
                }
                return;
            }
            if (existing is null && !modifier.Creates)
            {
                return;
            }
            if (modifier.Change(existing, context) is { } changed)
            {
                document[name] = changed;
            }
            else
            {
                document.Remove(name);
            }
        }

        private void InArray(BsonArray array, int index)
        {
            var name = path.Components[index];
            if (!PathWalk.TryIndex(name, out var at))
            {
                if (modifier.Creates)
                {
                    throw CannotCreate(name, array, index);
                }
                return;
            }
            var existing = at < array.Count ? array[at] : null;
            if (existing is null && !modifier.Creates)
            {
                return;
            }
            var last = index == path.Components.Length - 1;
            var changed = last ? modifier.Change(existing, context) ?? BsonNull.Value : Inner(existing, name, index);
            if (changed is null)
            {
                return;
            }
            if (!last)
            {
                In(changed, index + 1);
            }
            if (at - array.Count > MostPadding)
            {
                throw Errors.Location(2, string.Create(
                    CultureInfo.InvariantCulture, $"can't pad array by more than {MostPadding} elements"));
            }
            while (array.Count <= at)
            {
                array.Add(BsonNull.Value);
            }
            array[at] = changed;
        }

        private void InElements(BsonArray array, int index)
        {
            var component = path.Components[index];
            for (var i = 0; i < array.Count; i++)
            {
                if (!filters.Takes(component, array[i], context.Evaluation))
                {
                    continue;
                }
                if (index == path.Components.Length - 1)
                {
                    array[i] = modifier.Change(array[i], context) ?? BsonNull.Value;
                }
                else if (Inner(array[i], $"{i}", index) is { } inner)
                {
                    In(inner, index + 1);
                }
            }
        }

        /// <summary>The document or array at a component that is not the last, made where it is missing; null where there is nothing to do.</summary>
        private BsonValue? Inner(BsonValue? existing, string name, int index)
        {
            var next = path.Components[index + 1];
            if (next[0] == '$' && existing is not BsonArray)
            {
                throw existing is null
                    ? Errors.BadValue(
                        $"The path '{string.Join('.', path.Components[..(index + 1)])}' must exist in the document in order to apply array updates.")
                    : Errors.BadValue($"Cannot apply array updates to non-array element {name}: {Text.Of(existing)}");
            }
            return existing switch
            {
                BsonDocument or BsonArray => existing,
                null => modifier.Creates ? new BsonDocument() : null,
                _ => modifier.Creates ? throw CannotCreate(next, existing, index + 1) : null,
            };
        }

        private ServerException CannotCreate(string name, BsonValue container, int index) => Errors.PathNotViable(
            $"Cannot create field '{name}' in element {{{(index == 0 ? "" : path.Components[index - 1])}: {Text.Of(container)}}}");
    }
}
