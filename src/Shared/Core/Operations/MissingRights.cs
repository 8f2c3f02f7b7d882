namespace Relaybox.Operations;

/// <summary>What a check of the user's rights says, whatever the store.</summary>
internal static class MissingRights
{
    /// <summary>The name of the checks.</summary>
    internal const string Name = "rights";

    /// <summary>What is said where nothing is missing.</summary>
    internal const string Passed = "The user may do what relay, cleaner and consumer do.";

    private const int MostNamed = 6;

    /// <summary>The finding that a user lacks rights of a role.</summary>
    /// <param name="user">The user, as its store writes it.</param>
    /// <param name="role">The role.</param>
    /// <param name="rights">The rights; the first six are named.</param>
    /// <param name="advice">What gives them to the user.</param>
    internal static Finding Of(string user, string role, IReadOnlyCollection<string> rights, string advice) => Finding.Problem(
        $"{Name}.missing",
        $"The user {user} lacks rights of the role {role}: {string.Join("; ", rights.Take(MostNamed))}{(rights.Count > MostNamed ? "; …" : "")}.",
        advice);
}
