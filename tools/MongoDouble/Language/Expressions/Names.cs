namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>The variables that are bound where an expression stands. Null where there are none.</summary>
internal sealed record Names(string Name, Names? Outer)
{
    public static bool Contain(Names? names, string name)
    {
        while (names is not null && names.Name != name)
        {
            names = names.Outer;
        }
        return names is not null;
    }

    /// <summary>Adds a variable, whose name the server wants to begin with a small letter (or one beyond ASCII).</summary>
    public static Names Add(Names? names, string name)
    {
        if (name.Length == 0)
        {
            throw Errors.FailedToParse("empty variable names are not allowed");
        }
        if (name != "CURRENT" && !char.IsAsciiLetterLower(name[0]) && name[0] < 0x80)
        {
            throw Errors.FailedToParse($"'{name}' starts with an invalid character for a user variable name");
        }
        if (name.FirstOrDefault(letter => letter < 0x80 && !char.IsAsciiLetterOrDigit(letter) && letter != '_') is not '\0' and var wrong)
        {
            throw Errors.FailedToParse($"'{name}' contains an invalid character for a variable name: '{wrong}'");
        }
        return name == "CURRENT" ? throw Errors.NotInDouble("a new binding of $$CURRENT") : new(name, names);
    }
}
