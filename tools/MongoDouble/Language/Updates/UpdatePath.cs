using Relaybox.MongoDouble.Language.Filters;

namespace Relaybox.MongoDouble.Language.Updates;

/// <summary>A path of an update, in the order in which the server works paths off: names by their letters, numbers by their value.</summary>
internal sealed record UpdatePath(string Text, string[] Components) : IComparable<UpdatePath>
{
    public static UpdatePath Parse(string text)
    {
        if (text.Length == 0)
        {
            throw Errors.EmptyName("An empty update path is not valid.");
        }
        var components = text.Split('.');
        foreach (var (index, component) in components.Index())
        {
            if (component.Length == 0)
            {
                throw Errors.EmptyName($"The update path '{text}' contains an empty field name, which is not allowed.");
            }
            if (component[0] == '$')
            {
                Check(text, component, index);
            }
        }
        return new(text, components);
    }

    public int CompareTo(UpdatePath? other)
    {
        for (var i = 0; i < Components.Length && i < other!.Components.Length; i++)
        {
            var (left, right) = (Components[i], other.Components[i]);
            var order = PathWalk.TryIndex(left, out var one) && PathWalk.TryIndex(right, out var two)
                ? one.CompareTo(two)
                : Values.Text.Compare(left, right);
            if (order != 0)
            {
                return order;
            }
        }
        return Components.Length.CompareTo(other!.Components.Length);
    }

    /// <summary>Whether this path is the other one or leads to it.</summary>
    public bool Covers(UpdatePath other) => other.Components.AsSpan().StartsWith(Components);

    private static void Check(string text, string component, int index)
    {
        if (component == "$")
        {
            throw index == 0
                ? Errors.BadValue($"Cannot have positional (i.e. '$') element in the first position in path '{text}'")
                : Errors.NotInDouble("the positional operator $ in updates");
        }
        if (!component.StartsWith("$[", StringComparison.Ordinal) || !component.EndsWith(']') || index == 0)
        {
            throw Errors.DollarPrefixed($"The dollar ($) prefixed field '{component}' in '{text}' is not valid for storage.");
        }
    }
}
