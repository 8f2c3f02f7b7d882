using System.Collections.Concurrent;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Permissions;

/// <summary>Decides which calls of the functions their roles allow, and remembers what was used and what was refused.</summary>
internal sealed class PermissionLog(IReadOnlyList<FunctionDefinition> functions)
{
    private readonly ConcurrentDictionary<(string Function, Permission Needed), bool> _calls = [];

    /// <summary>What each function's role allows; functions without a role are not here.</summary>
    public IReadOnlyCollection<(string Function, Permission Permission)> Allowed { get; } =
        [.. functions.SelectMany(function => (function.Grants ?? []).Select(grant => (function.ShortName, grant)))];

    /// <summary>What was called with the role's permission, each once.</summary>
    public IReadOnlyCollection<(string Function, Permission Permission)> Used => [.. _calls.Where(call => call.Value).Select(call => call.Key)];

    /// <summary>What was called without it, each once.</summary>
    public IReadOnlyCollection<(string Function, Permission Permission)> Refused => [.. _calls.Where(call => !call.Value).Select(call => call.Key)];

    /// <summary>Allows or refuses a call.</summary>
    /// <returns>The first permission that is missing; null if the call is allowed.</returns>
    public Permission? Judge(string caller, IReadOnlyList<Permission> needs)
    {
        var function = functions.FirstOrDefault(function => AccessKeyOf(function) == caller);
        Permission? missing = null;
        foreach (var need in needs)
        {
            var isAllowed = function is { Grants: null } || function?.Grants?.Any(grant => grant.Covers(need)) == true;
            _calls[(function?.ShortName ?? caller, need)] = isAllowed;
            missing ??= isAllowed ? null : need;
        }

        return missing;
    }

    /// <summary>The access key by which a function is known; DynamoDB Local takes letters and digits only.</summary>
    public static string AccessKeyOf(FunctionDefinition function) => string.Concat(function.ShortName.Where(char.IsAsciiLetterOrDigit));
}
