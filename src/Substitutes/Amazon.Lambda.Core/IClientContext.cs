namespace Amazon.Lambda.Core;

/// <summary>What a mobile client said about itself when it invoked the function.</summary>
public interface IClientContext
{
    IDictionary<string, string> Environment { get; }

    IClientApplication Client { get; }

    IDictionary<string, string> Custom { get; }
}
