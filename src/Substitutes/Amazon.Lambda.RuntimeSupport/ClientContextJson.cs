using System.Text.Json;
using Amazon.Lambda.Core;

namespace Amazon.Lambda.RuntimeSupport;

/// <summary>The client context header of mobile callers; without one every member is null.</summary>
internal sealed class ClientContextJson : IClientContext, IClientApplication
{
    public IDictionary<string, string> Environment { get; private set; }

    public IDictionary<string, string> Custom { get; private set; }

    public IClientApplication Client { get; private set; }

    public string AppPackageName { get; private set; }

    public string AppTitle { get; private set; }

    public string AppVersionCode { get; private set; }

    public string AppVersionName { get; private set; }

    public string InstallationId { get; private set; }

    public static ClientContextJson Read(string json)
    {
        var context = new ClientContextJson();
        if (string.IsNullOrWhiteSpace(json))
        {
            return context;
        }

        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        context.Environment = Strings(root, "env");
        context.Custom = Strings(root, "custom");
        if (root.TryGetProperty("client", out var client))
        {
            context.AppPackageName = Text(client, "app_package_name");
            context.AppTitle = Text(client, "app_title");
            context.AppVersionCode = Text(client, "app_version_code");
            context.AppVersionName = Text(client, "app_version_name");
            context.InstallationId = Text(client, "installation_id");
            context.Client = context;
        }

        return context;
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value.ToString() : null;

    private static Dictionary<string, string> Strings(JsonElement element, string name) =>
        element.TryGetProperty(name, out var values)
            ? values.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.ToString())
            : null;
}
