using Microsoft.Extensions.DependencyInjection;

namespace Relaybox.Settings;

/// <summary>The settings of the broker that was chosen.</summary>
internal abstract record BrokerSettings
{
    /// <summary>For how long a message can come back; null: for as long as <c>QUEUE_RETENTION_HOURS</c> says.</summary>
    internal virtual MessageHorizon? Horizon => null;

    /// <summary>Whether the settings name what a consumer of this system needs; null: they do not say it.</summary>
    internal virtual bool? Consumes => null;

    /// <summary>Whether the settings name where events are sent to.</summary>
    internal virtual bool Publishes => true;

    /// <summary>The most bytes of a message with its attributes; null: only the servers know it.</summary>
    internal virtual int? MaxMessageBytes => null;

    /// <summary>
    /// Adds the publisher, what takes messages, the setup steps, and the doctor's checks. Clients are made when something first asks for them.
    /// </summary>
    /// <param name="services">The services of the function.</param>
    public abstract void AddServices(IServiceCollection services);
}
