namespace Relaybox.Nats;

/// <summary>Compares subjects with wildcards: <c>*</c> is any one token, <c>&gt;</c> at the end one or more.</summary>
internal static class NatsSubjects
{
    /// <summary>Whether everything that the second stands for is something that the first stands for.</summary>
    internal static bool Covers(string wide, string narrow)
    {
        var wideTokens = wide.Split('.');
        var narrowTokens = narrow.Split('.');
        for (var i = 0; i < wideTokens.Length; i++)
        {
            if (i >= narrowTokens.Length)
            {
                return false;
            }

            if (wideTokens[i] == ">")
            {
                return true;
            }

            if (narrowTokens[i] == ">" || (wideTokens[i] != "*" && wideTokens[i] != narrowTokens[i]))
            {
                return false;
            }
        }

        return wideTokens.Length == narrowTokens.Length;
    }
}
